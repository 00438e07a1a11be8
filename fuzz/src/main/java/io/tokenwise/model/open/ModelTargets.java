package io.tokenwise.model.open;

import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import io.tokenwise.io.ByteSource;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelFolder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Folders of models, all families. */
public final class ModelTargets {
    public static final List<Target> ALL = List.of(
            Target.folder("model", ModelTargets::open, Forms.JSON),
            Target.folder("adaptive", ModelTargets::load, Forms.JSON, Forms.SAFETENSORS));

    private static final VectorBackend BACKEND = VectorBackend.open(1);

    private ModelTargets() {}

    /** config.json, the vocabulary and all files beside, with weights of so few columns that they are quick to check. */
    private static void open(Input input, Workplace place) throws IOException {
        try (ModelFiles files = Models.open(new InMemory(input))) {
            files.description().kind();
            files.dense();
            AdaptiveConfig.of(files.description());
        }
    }

    /** The same, and its weights. */
    private static void load(Input input, Workplace place) throws IOException {
        try (ModelFiles files = Models.open(new InMemory(input));
                Encoder encoder = Encoder.load(files, BACKEND)) {
            encoder.acms();
        }
    }

    /** A folder of which nothing is on the disk. */
    private record InMemory(Input input) implements ModelFolder {
        @Override
        public String name() {
            return "model";
        }

        @Override
        public String file(String name) {
            return "model/" + name;
        }

        @Override
        public boolean has(String name) {
            return input.files().containsKey(name);
        }

        @Override
        public Optional<Path> path() {
            return Optional.empty();
        }

        @Override
        public byte[] json(String name) {
            if (!has(name)) {
                throw new BadFileException(file(name), "no such file");
            }
            return input.files().get(name);
        }

        @Override
        public WeightSource weights() throws IOException {
            byte[] bytes = json(WEIGHTS);
            return Safetensors.of(
                    file(WEIGHTS), ByteSource.read(file(WEIGHTS), new ByteArrayInputStream(bytes), bytes.length));
        }

        @Override
        public WeightSource weights(String folder) throws IOException {
            byte[] bytes = json(folder + "/" + WEIGHTS);
            return Safetensors.of(
                    file(folder), ByteSource.read(file(folder), new ByteArrayInputStream(bytes), bytes.length));
        }
    }
}
