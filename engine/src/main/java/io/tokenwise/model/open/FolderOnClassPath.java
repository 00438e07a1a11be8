package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.ByteSource;
import io.tokenwise.io.JsonFile;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLConnection;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A folder on the class path, below META-INF, where modules hide nothing.
 *
 * @param artifact the Maven artifact that it comes with
 */
record FolderOnClassPath(String name, String artifact) implements ModelFolder {
    @Override
    public String file(String file) {
        return name + " " + file;
    }

    @Override
    public boolean has(String file) {
        return find(file).isPresent();
    }

    @Override
    public Optional<Path> path() {
        return Optional.empty();
    }

    @Override
    public byte[] json(String file) throws IOException {
        try (InputStream in = open(file).getInputStream()) {
            return in.readNBytes(JsonFile.MAX_STREAMED_BYTES + 1);
        }
    }

    @Override
    public WeightSource weights() throws IOException {
        return safetensors(WEIGHTS);
    }

    @Override
    public WeightSource weights(String folder) throws IOException {
        return safetensors(folder + "/" + WEIGHTS);
    }

    private WeightSource safetensors(String name) throws IOException {
        URLConnection connection = open(name);
        try (InputStream in = connection.getInputStream()) {
            String file = file(name);
            return Safetensors.of(file, ByteSource.read(file, in, connection.getContentLengthLong()));
        }
    }

    private URLConnection open(String file) throws IOException {
        return find(file)
                .orElseThrow(() -> new BadFileException(file(file), "no such file on the class path"))
                .open();
    }

    /** All from one place, even if there are two such folders. */
    private Optional<Resource> find(String file) {
        String folder = "META-INF/tokenwise/" + name + "/";
        return Resource.find(folder + file, folder + WEIGHTS);
    }
}
