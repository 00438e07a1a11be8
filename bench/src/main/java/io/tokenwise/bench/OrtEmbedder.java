package io.tokenwise.bench;

import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextKind;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.List;

/** A dense model in ONNX Runtime. */
record OrtEmbedder(TextDescription description, Tokenizer tokenizer, Contender.Caller model) implements Embedder {
    @Override
    public String prefix(TextKind kind) {
        return kind.prefix(description);
    }

    @Override
    public int[] tokens(String prefix, String text) {
        return tokenizer.encode(prefix + text).ids();
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return model.encode(texts);
    }
}
