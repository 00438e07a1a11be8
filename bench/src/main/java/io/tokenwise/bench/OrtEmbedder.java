package io.tokenwise.bench;

import io.tokenwise.io.Tokenizer;
import java.util.List;

/** A dense model in ONNX Runtime. */
record OrtEmbedder(Tokenizer tokenizer, Contender.Caller model) implements Embedder {
    @Override
    public int[] tokens(String prefix, String text) {
        return tokenizer.encode(prefix + text).ids();
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return model.encode(texts);
    }
}
