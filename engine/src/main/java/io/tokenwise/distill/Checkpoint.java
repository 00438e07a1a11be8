package io.tokenwise.distill;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TensorData;
import io.tokenwise.train.TrainingState;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The {@linkplain TrainingState state} of a {@link Distillation} between two steps, and the history, in a file. */
public final class Checkpoint {
    private static final String STEPS = "history.steps";
    private static final String QUALITIES = "history.qualities";
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";

    private Checkpoint() {}

    /**
     * Writes the state.
     *
     * @param run what identifies model, inputs and configuration, by name; only the same run can go on from the file
     */
    public static void write(Path file, Distillation distillation, Map<String, String> run, History history)
            throws IOException {
        TensorData steps = rows(history.steps().stream()
                .map(step -> new double[] {step.phase().ordinal(), step.loss(), step.budgetLoss(), step.tokens()})
                .toList());
        TensorData qualities = rows(history.qualities().stream()
                .map(quality -> new double[] {quality.step(), quality.agreement(), quality.spent()})
                .toList());
        TrainingState.write(
                file,
                distillation.optimizers(),
                Map.of(
                        STEP,
                        (long) distillation.nextStep(),
                        CONSUMED,
                        distillation.inputs().consumed()),
                Map.of(STEPS, steps, QUALITIES, qualities),
                run);
    }

    /**
     * Brings the distillation to the state of the file, and the history, which must be empty.
     *
     * @param place of several workers what holds their files, else the file
     * @throws BadFileException if the file is no checkpoint, is damaged or of another version, or belongs to another run; the message
     *     names the differences
     */
    public static void read(Path file, Path place, Distillation distillation, Map<String, String> run, History history)
            throws IOException {
        try (var state = TrainingState.open(file, place, run)) {
            state.restore(distillation.optimizers());
            distillation.resumeAt((int) state.counter(STEP));
            distillation.inputs().consumed(state.counter(CONSUMED));
            read(state, distillation.nextStep(), history);
        }
    }

    private static void read(TrainingState state, int steps, History history) {
        float[][] rows = state.rows(STEPS, 4);
        Distillation.Phase[] phases = Distillation.Phase.values();
        for (float[] row : rows) {
            if (!(row[0] >= 0 && row[0] < phases.length)) {
                throw state.damaged(STEPS);
            }
            history.add(
                    new Distillation.Step(history.steps().size(), phases[(int) row[0]], row[1], row[2], (int) row[3]));
        }
        if (rows.length != steps) {
            throw state.damaged(STEPS);
        }
        for (float[] row : state.rows(QUALITIES, 3)) {
            history.add(new History.Quality((int) row[0], row[1], row[2]));
        }
    }

    /** A matrix with a row for each array, as floats. */
    private static TensorData rows(List<double[]> rows) {
        int columns = rows.isEmpty() ? 0 : rows.getFirst().length;
        var values = new float[rows.size() * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rows.get(i / columns)[i % columns];
        }
        return new TensorData(new long[] {rows.size(), columns}, MemorySegment.ofArray(values));
    }
}
