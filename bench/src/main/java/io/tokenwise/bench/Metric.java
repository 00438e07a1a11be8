package io.tokenwise.bench;

/** What the quality of a candidate's vectors is measured by; of all of them more is better. */
enum Metric {
    NDCG_CRANFIELD("ndcgCranfield", "nDCG@10, Cranfield"),
    NDCG_GLOSSES("ndcgGlosses", "nDCG@10, WordNet example to gloss"),
    SPEARMAN_STS("spearmanSts", "Spearman, STS-B dev"),
    ACCURACY_CLASSES("accuracyClasses", "accuracy, WordNet classes"),
    COSINE_SENTENCES("cosineSentences", "mean cosine to dense f32, STS-B sentences"),
    COSINE_ABSTRACTS("cosineAbstracts", "mean cosine to dense f32, Cranfield abstracts"),
    COSINE_EXAMPLES("cosineExamples", "mean cosine to dense f32, WordNet examples");

    private final String key;
    private final String label;

    Metric(String key, String label) {
        this.key = key;
        this.label = label;
    }

    /** Its name in JSON. */
    String key() {
        return key;
    }

    String label() {
        return label;
    }
}
