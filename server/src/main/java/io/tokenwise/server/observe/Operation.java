package io.tokenwise.server.observe;

/** What a request asks a model for. */
public enum Operation {
    EMBED("embeddings", "te_embed"),
    PREDICT("classification", "te_predict"),
    RERANK("rerank", "te_rerank"),
    TRANSCRIBE("transcription", "tokenwise_transcribe");

    private final String genAiName;
    private final String metricPrefix;

    Operation(String genAiName, String metricPrefix) {
        this.genAiName = genAiName;
        this.metricPrefix = metricPrefix;
    }

    /** The value of OpenTelemetry's {@code gen_ai.operation.name}; it knows the first, and lets others be. */
    String genAiName() {
        return genAiName;
    }

    /** What names of metrics begin with that count texts, images or segments of recordings, which text-embeddings-inference has not. */
    String metricPrefix() {
        return metricPrefix;
    }
}
