package io.tokenwise.distill;

import io.tokenwise.TestModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A short distillation of the small model; with arguments MODEL OUT as a program of its own, to be killed; with a third one tokens leave. */
final class ChildRun {
    /** How often the test kills it; {@code ./tokenwise test engine -Dtest=KilledDistillationTest -Dtokenwise.kills=20} takes longer. */
    static final String KILLS_PROPERTY = "tokenwise.kills";

    static final int KILLS = Integer.getInteger(KILLS_PROPERTY, 5);

    /** Enough for each life, from one checkpoint to the next and some way beyond. */
    static final int STEPS = 60 * KILLS;

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
            DistillConfig config = args.length > 2 ? leaving(STEPS, 5) : config(STEPS, 5);
            of(files, config, Path.of(args[1])).run(backend, new DistillRun.Listener() {});
        }
    }
}
