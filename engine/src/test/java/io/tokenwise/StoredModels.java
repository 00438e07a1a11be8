package io.tokenwise;

import java.net.URISyntaxException;
import java.nio.file.Path;

/** Models among the tests' files. */
public final class StoredModels {
    private StoredModels() {}

    /** A Vision Transformer of two layers, hidden size 32, for images of 16 x 16, made by {@code train vit} and {@code distill --adapt mlp,qk,vo --store s8}. */
    public static Path vitWithLearners() throws URISyntaxException {
        return Path.of(StoredModels.class
                        .getResource("model/vit-with-learners/config.json")
                        .toURI())
                .getParent();
    }
}
