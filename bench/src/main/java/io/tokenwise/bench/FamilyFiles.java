package io.tokenwise.bench;

import io.tokenwise.model.Pooling;
import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A model of a family's shape with random weights, in files: as a folder for us and as graphs for ONNX Runtime. */
record FamilyFiles(FamilyShape shape, int layers, Pooling pooling, TemporaryFolder folder) implements AutoCloseable {
    /**
     * @param pooling MEAN or FIRST
     * @param graphs whether ONNX Runtime takes part
     */
    static FamilyFiles write(FamilyShape shape, int layers, Pooling pooling, boolean graphs) throws IOException {
        RandomModel model = shape.random(layers);
        var files = new FamilyFiles(shape, layers, pooling, TemporaryFolder.create("tokenwise-family-"));
        try {
            model.write(files.model(), "");
            TextFiles.write(files.model(), 768);
            if (pooling == Pooling.FIRST) {
                files.writePooling();
            }
            if (graphs) {
                OrtReference.write(model, false, files.graph("f32"));
                OrtReference.write(model, true, files.graph("int8"));
            }
            return files;
        } catch (Throwable e) {
            files.close();
            throw e;
        }
    }

    /** Files of sentence-transformers; without them vectors are means. */
    private void writePooling() throws IOException {
        Files.writeString(model().resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Path folder = Files.createDirectories(model().resolve("1_Pooling"));
        Files.writeString(folder.resolve("config.json"), """
                {"word_embedding_dimension": %d, "pooling_mode": "cls"}
                """.formatted(FamilyShape.HIDDEN));
    }

    Path model() {
        return folder.path().resolve("model");
    }

    /** @param precision {@code f32} or {@code int8} */
    Path graph(String precision) {
        return folder.path().resolve(precision + ".onnx");
    }

    @Override
    public void close() throws IOException {
        folder.close();
    }
}
