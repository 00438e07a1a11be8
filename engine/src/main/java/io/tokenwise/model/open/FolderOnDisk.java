package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.PyTorchFile;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.ShardedWeights;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A directory, which must be there. */
record FolderOnDisk(String name, Path directory) implements ModelFolder {
    FolderOnDisk {
        if (!Files.isDirectory(directory)) {
            throw new BadFileException(
                    directory.toString(),
                    (Files.exists(directory) ? "is not a directory" : "no such directory")
                            + "; a model is a directory with config.json and model.safetensors, or has one of the"
                            + " names "
                            + String.join(", ", Models.builtInNames()));
        }
    }

    @Override
    public String file(String name) {
        return directory.resolve(name).toString();
    }

    @Override
    public boolean has(String name) {
        return Files.exists(directory.resolve(name));
    }

    @Override
    public Optional<Path> path() {
        return Optional.of(directory);
    }

    @Override
    public byte[] json(String name) throws IOException {
        return JsonFile.bytes(directory.resolve(name));
    }

    @Override
    public WeightSource weights() throws IOException {
        return weightsIn(directory);
    }

    @Override
    public WeightSource weights(String folder) throws IOException {
        return weightsIn(directory.resolve(folder));
    }

    private static WeightSource weightsIn(Path folder) throws IOException {
        String name = WEIGHT_FILES.stream()
                .filter(file -> Files.exists(folder.resolve(file)))
                .findFirst()
                .orElse(WEIGHTS);
        return switch (name) {
            case WEIGHTS -> Safetensors.open(folder.resolve(name));
            case PyTorchFile.NAME -> PyTorchFile.open(folder.resolve(name));
            default -> ShardedWeights.open(folder, name);
        };
    }
}
