package io.tokenwise.bench;

import io.tokenwise.references.OrtReference;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Path;

/** A model of a family's shape with random weights, in files: as a folder for us and as graphs for ONNX Runtime. */
record FamilyFiles(FamilyShape shape, int layers, TemporaryFolder folder) implements AutoCloseable {
    /** @param graphs whether ONNX Runtime takes part */
    static FamilyFiles write(FamilyShape shape, int layers, boolean graphs) throws IOException {
        RandomModel model = shape.random(layers);
        var files = new FamilyFiles(shape, layers, TemporaryFolder.create("tokenwise-family-"));
        try {
            model.write(files.model(), "");
            TextFiles.write(files.model(), 768);
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
