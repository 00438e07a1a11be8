package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.PyTorchFile;
import io.tokenwise.io.ShardedWeights;
import io.tokenwise.io.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The files of a model in Hugging Face's layout, by their names in its folder. */
public interface ModelFolder {
    String CONFIG = "config.json";
    String WEIGHTS = "model.safetensors";

    /** What weights may lie in. The first of these that is there is read. */
    List<String> WEIGHT_FILES = List.of(WEIGHTS, ShardedWeights.SAFETENSORS, PyTorchFile.NAME, ShardedWeights.PYTORCH);

    /** The folder of all modules: this one, or that which it is in. */
    default ModelFolder all() {
        return this;
    }

    /** What users call the model. */
    String name();

    /** What messages call a file. */
    String file(String name);

    boolean has(String name);

    /** Where it is; empty if it is no folder of a file system. */
    Optional<Path> path();

    /** A file that must be there, as far as JSON is read. */
    byte[] json(String name) throws IOException;

    /** A JSON object that must be there. */
    default JsonFile read(String name) throws IOException {
        return JsonFile.parse(file(name), json(name));
    }

    /**
     * Says how a model that has another form of a file is brought into ours.
     *
     * @throws BadFileException if the file is not there, and the other is
     */
    default void refuseInstead(String file, String other, String python) {
        if (!has(file) && has(other)) {
            throw new BadFileException(
                    file(file), "no such file, and " + other + " is not read; in Python it is written by " + python);
        }
    }

    /** Whether it has weights. */
    default boolean hasWeights() {
        return WEIGHT_FILES.stream().anyMatch(this::has);
    }

    /** The weights, which must be there. */
    WeightSource weights() throws IOException;

    /** Those in a folder of it, which must be there. */
    WeightSource weights(String folder) throws IOException;
}
