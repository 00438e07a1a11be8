package io.tokenwise.io;

import io.tokenwise.api.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The files of a model in Hugging Face's layout, by their names in its folder. */
sealed interface ModelFolder {
    String WEIGHTS = "model.safetensors";

    /** What users call the model. */
    String name();

    /** What messages call a file. */
    String file(String name);

    boolean has(String name);

    /** A file that must be there, as far as JSON is read. */
    byte[] json(String name) throws IOException;

    /** The weights, which must be there. */
    Safetensors weights() throws IOException;

    /** A directory, which must be there. */
    record Directory(Path path) implements ModelFolder {
        public Directory {
            if (!Files.isDirectory(path)) {
                throw new BadFileException(
                        path.toString(),
                        (Files.exists(path) ? "is not a directory" : "no such directory")
                                + "; a model is a directory with config.json and model.safetensors, or has one of the names "
                                + String.join(", ", ModelFiles.builtInNames()));
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

    /**
     * A folder on the class path, below META-INF, where modules hide nothing.
     *
     * @param artifact the Maven artifact that it comes with
     */
    record Resources(String name, String artifact) implements ModelFolder {
        @Override
        public String file(String file) {
            return name + " " + file;
        }

        @Override
        public boolean has(String file) {
            return find(file).isPresent();
        }

        @Override
        public byte[] json(String file) throws IOException {
            try (InputStream in = open(file).getInputStream()) {
                return in.readNBytes(JsonFile.MAX_STREAMED_BYTES + 1);
            }
        }

        @Override
        public Safetensors weights() throws IOException {
            URLConnection connection = open(WEIGHTS);
            try (InputStream in = connection.getInputStream()) {
                String file = file(WEIGHTS);
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
}
