package io.tokenwise.distill;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A short distillation of the small model; with arguments MODEL OUT as a program of its own, to be killed; with a third one of the {@link Kind} that it names. */
final class ChildRun {
    /** How often the test kills it; {@code ./tokenwise test engine -Dtest=KilledDistillationTest -Dtokenwise.kills=20} takes longer. */
    static final String KILLS_PROPERTY = "tokenwise.kills";

    static final int KILLS = Integer.getInteger(KILLS_PROPERTY, 3);

    /** Enough for each life, from one checkpoint to the next and some way beyond. */
    static final int STEPS = 60 * KILLS;

    /** What is distilled. */
    enum Kind {
        LEARNERS,
        LEAVING,
        /** A causal model with shared keys, norms of heads and gated MLPs. */
        DECODER;

        void writeModel(Path folder) throws IOException {
            if (this != DECODER) {
                TestModels.writeSmall(folder);
                return;
            }
            Map<String, Object> sizes = Map.of("hidden_size", 64, "num_hidden_layers", 2, "vocab_size", 30_522);
            RandomModel.small("qwen3", sizes, 5).write(folder, "");
            try (ModelFiles minilm = Models.builtIn("minilm")) {
                Files.write(folder.resolve("tokenizer.json"), minilm.tokenizer().json());
            }
        }

        DistillConfig config(int steps, long seed) {
            DistillConfig config = ChildRun.config(steps, seed);
            return switch (this) {
                case LEARNERS -> config;
                case LEAVING -> leaving(steps, seed);
                case DECODER ->
                    config.withLayers(AdaptiveLayers.parse("mlp,vo", 4).withMlpLearners(1));
            };
        }
    }

    private ChildRun() {}

    static DistillRun of(ModelFiles files, Path out) {
        return of(files, config(STEPS, 5), out);
    }

    static DistillRun of(ModelFiles files, DistillConfig config, Path out) {
        return new DistillRun(files, texts(), config, out, ModelWriter.Existing.KEEP, 7, StoredType.F32);
    }

    static DistillConfig config(int steps, long seed) {
        return new DistillConfig(
                AdaptiveLayers.parse("mlp,qo,kv", 3).withMlpLearners(1),
                steps / 4,
                steps / 4,
                steps - 2 * (steps / 4),
                64,
                1e-3,
                1e-2,
                0.8,
                1,
                1,
                0.15,
                3,
                true,
                Map.of(),
                seed);
    }

    /** The same of a model whose tokens leave. */
    static DistillConfig leaving(int steps, long seed) {
        return config(steps, seed).withLayers(AdaptiveLayers.LEAVING);
    }

    static List<int[]> texts() {
        var random = new Random(3);
        return TestModels.sequences(random.ints(200, 3, 30).toArray());
    }

    public static void main(String[] args) throws Exception {
        try (ModelFiles files = Models.open(Path.of(args[0]));
                Backend backend = VectorBackend.open(1)) {
            DistillConfig config =
                    Kind.valueOf(args.length > 2 ? args[2] : "LEARNERS").config(STEPS, 5);
            of(files, config, Path.of(args[1])).run(backend, new DistillRun.Listener() {});
        }
    }
}
