package io.tokenwise.train;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fuzz.Forms;
import io.tokenwise.fuzz.Input;
import io.tokenwise.fuzz.Target;
import io.tokenwise.fuzz.Workplace;
import io.tokenwise.io.TensorData;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Checkpoints. */
public final class TrainTargets {
    private static final Map<String, String> RUN = Map.of("model", "small", "seed", "7");
    private static final String HISTORY = "history.steps";
    private static final String STEP = "step";

    public static final List<Target> ALL =
            List.of(Target.file("checkpoint", "checkpoint.safetensors", TrainTargets::read, Forms.SAFETENSORS));

    private static final List<AdamW> OPTIMIZERS = List.of(optimizer());

    private TrainTargets() {}

    private static AdamW optimizer() {
        var parameters = new Parameters(VectorBackend.open(1));
        List<Parameter> trained = List.of(parameters.add("a", 3, 4), parameters.add("b", 1, 5));
        trained.forEach(parameters::train);
        return new AdamW(parameters, trained, 1, 0.01);
    }

    private static void read(Input input, Workplace place) throws IOException {
        try (var state = TrainingState.open(place.file(input), RUN)) {
            state.restore(OPTIMIZERS);
            state.counter(STEP);
            state.rows(HISTORY, 4);
        }
    }

    /** One that is read. */
    public static void write(Path file) throws IOException {
        var history = new TensorData(new long[] {2, 4}, MemorySegment.ofArray(new float[] {0, 1, 2, 3, 1, 5, 6, 7}));
        TrainingState.write(file, OPTIMIZERS, Map.of(STEP, 2L), Map.of(HISTORY, history), RUN);
    }
}
