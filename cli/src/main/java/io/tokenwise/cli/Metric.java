package io.tokenwise.cli;

/** What says how well a model does a task; 1 is best where nothing else is said. */
enum Metric {
    SPEARMAN("spearman"),
    NDCG("ndcg@10"),
    RECALL("recall@100"),
    ACCURACY("accuracy"),
    MACRO_F1("macro-f1"),
    /** Of masked words as the model guesses them; 1 is best, less is better. */
    PSEUDO_PERPLEXITY("pseudo-perplexity"),
    /** Word errors for each word said; 0 is best. */
    WER("wer"),
    /** Errors of characters for each character of what was said; 0 is best. */
    CER("cer"),
    /** Seconds of work for each second of sound; less is faster. */
    REAL_TIME_FACTOR("real-time factor");

    private final String label;

    Metric(String label) {
        this.label = label;
    }

    /** The name that tables and JSON have for it. */
    String label() {
        return label;
    }
}
