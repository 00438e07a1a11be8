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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A short distillation of the small model; with arguments MODEL OUT KIND STEPS LIFE as a program of its own, which after LIFE steps waits to be killed: it is never at its end
 * before.
 */
final class ChildRun {
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
            try (ModelFiles minilm = TestModels.files("minilm")) {
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

    static DistillRun of(ModelFiles files, DistillConfig config, Path out) {
        return of(files, texts(), config, out);
    }

    static DistillRun of(ModelFiles files, List<int[]> texts, DistillConfig config, Path out) {
        return new DistillRun(files, texts, config, out, ModelWriter.Existing.KEEP, 7, StoredType.F32);
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
        Kind kind = Kind.valueOf(args[2]);
        var left = new AtomicInteger(Integer.parseInt(args[4]));
        try (ModelFiles files = Models.open(Path.of(args[0]));
                Backend backend = VectorBackend.open(1)) {
            of(files, kind.config(Integer.parseInt(args[3]), 5), Path.of(args[1]))
                    .run(backend, new DistillRun.Listener() {
                        @Override
                        public void step(Distillation.Step step) {
                            while (left.decrementAndGet() < 0) {
                                LockSupport.park();
                            }
                        }
                    });
        }
    }
}
