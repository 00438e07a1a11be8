package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A directory, which must be there. */
record FolderOnDisk(Path path) implements ModelFolder {
    FolderOnDisk {
        if (!Files.isDirectory(path)) {
            throw new BadFileException(
                    path.toString(),
                    (Files.exists(path) ? "is not a directory" : "no such directory")
                            + "; a model is a directory with config.json and model.safetensors, or has one of the names "
                            + String.join(", ", Models.builtInNames()));
        }
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public String file(String name) {
        return path.resolve(name).toString();
    }

    @Override
    public boolean has(String name) {
        return Files.exists(path.resolve(name));
    }

    @Override
    public byte[] json(String name) throws IOException {
        return JsonFile.bytes(path.resolve(name));
    }

    @Override
    public Safetensors weights() throws IOException {
        return Safetensors.open(path.resolve(WEIGHTS));
    }
}
