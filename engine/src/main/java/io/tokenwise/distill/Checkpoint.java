package io.tokenwise.distill;

import io.tokenwise.autograd.AdamW;
import io.tokenwise.io.BadFileException;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a {@link Distillation} between two steps in one safetensors file: trained weights, the optimizers' running means,
 * where steps and text stand, and the history. Written atomically; a run that goes on from it ends with the same bits as an unbroken one.
 */
public final class Checkpoint {
    /** Raised whenever a file of before cannot be gone on from. */
    private static final String VERSION = "2";

    private static final String FORMAT = "tokenwise_checkpoint";

    /** Before the names of what identifies a run. */
    private static final String RUN = "run ";

    private static final String STEPS = "history.steps";
    private static final String QUALITIES = "history.qualities";
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";
    private static final String LEARNER_STEP = "learner_optimizer_step";
    private static final String GATE_STEP = "gate_optimizer_step";

    private Checkpoint() {}

    /**
     * Writes the state.
     *
     * @param run what identifies model, text and configuration, by name; only the same run can go on from the file
     */
    public static void write(Path file, Distillation distillation, Map<String, String> run, History history)
            throws IOException {
        var tensors = new LinkedHashMap<String, TensorData>();
        for (AdamW.Slot slot : slots(distillation)) {
            String name = slot.parameter().name();
            tensors.put(name, data(slot.parameter().value()));
            tensors.put(name + ".m", data(slot.m()));
            tensors.put(name + ".v", data(slot.v()));
        }
        tensors.put(
                STEPS,
                rows(history.steps().stream()
                        .map(step ->
                                new double[] {step.phase().ordinal(), step.loss(), step.budgetLoss(), step.tokens()})
                        .toList()));
        tensors.put(
                QUALITIES,
                rows(history.qualities().stream()
                        .map(quality -> new double[] {quality.step(), quality.cosine(), quality.spent()})
                        .toList()));
        var metadata = new LinkedHashMap<String, String>();
        metadata.put(FORMAT, VERSION);
        run.forEach((name, value) -> metadata.put(RUN + name, value));
        metadata.put(STEP, Integer.toString(distillation.nextStep()));
        metadata.put(CONSUMED, Long.toString(distillation.text().consumed()));
        metadata.put(
                LEARNER_STEP, Integer.toString(distillation.learnerOptimizer().step()));
        metadata.put(GATE_STEP, Integer.toString(distillation.gateOptimizer().step()));
        SafetensorsWriter.write(file, tensors, metadata);
    }

    /**
     * Brings the distillation to the state of the file, and the history, which must be empty.
     *
     * @throws BadFileException if the file is no checkpoint, is damaged or of another version, or belongs to another run; the message
     *     names the differences
     */
    public static void read(Path file, Distillation distillation, Map<String, String> run, History history)
            throws IOException {
        try (var source = Safetensors.open(file)) {
            Map<String, String> metadata = source.metadata();
            check(file, metadata, run);
            for (AdamW.Slot slot : slots(distillation)) {
                String name = slot.parameter().name();
                source.read(name, memory(slot.parameter().value()));
                source.read(name + ".m", memory(slot.m()));
                source.read(name + ".v", memory(slot.v()));
                slot.parameter().changed();
            }
            distillation.resumeAt((int) number(file, metadata, STEP));
            distillation.text().consumed(number(file, metadata, CONSUMED));
            distillation.learnerOptimizer().step((int) number(file, metadata, LEARNER_STEP));
            distillation.gateOptimizer().step((int) number(file, metadata, GATE_STEP));
            readHistory(file, source, distillation.nextStep(), history);
        }
    }

    private static void check(Path file, Map<String, String> metadata, Map<String, String> run) {
        String version = metadata.getOrDefault(FORMAT, metadata.containsKey(STEP) ? "1" : "none");
        if (!version.equals(VERSION)) {
            throw new BadFileException(
                    file.toString(),
                    version.equals("none")
                            ? "is not a checkpoint: delete or move it to start"
                            : "is a checkpoint of version " + version + ", this Tokenwise goes on from version "
                                    + VERSION
                                    + ": end the run with the one that began it, or delete the file to start over");
        }
        var differences = new ArrayList<String>();
        run.forEach((name, value) -> {
            String before = metadata.getOrDefault(RUN + name, "missing");
            if (!before.equals(value)) {
                differences.add(name + ": was " + before + ", is " + value);
            }
        });
        if (!differences.isEmpty()) {
            throw new BadFileException(
                    file.toString(),
                    "belongs to a run with other settings (" + String.join("; ", differences)
                            + "): repeat those, or delete the file to start over");
        }
    }

    private static void readHistory(Path file, Safetensors source, int steps, History history) {
        List<float[]> rows = rows(file, source, STEPS, 4);
        for (float[] row : rows) {
            Distillation.Phase[] phases = Distillation.Phase.values();
            if (!(row[0] >= 0 && row[0] < phases.length)) {
                throw damaged(file, STEPS);
            }
            history.add(
                    new Distillation.Step(history.steps().size(), phases[(int) row[0]], row[1], row[2], (int) row[3]));
        }
        if (rows.size() != steps) {
            throw damaged(file, STEPS);
        }
        for (float[] row : rows(file, source, QUALITIES, 3)) {
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

    private static List<float[]> rows(Path file, Safetensors source, String name, int columns) {
        long[] shape = source.names().contains(name) ? source.shape(name) : new long[0];
        if (shape.length != 2 || (shape[0] > 0 && shape[1] != columns)) {
            throw damaged(file, name);
        }
        var rows = new ArrayList<float[]>();
        var values = new float[Math.toIntExact(shape[0] * shape[1])];
        source.read(name, MemorySegment.ofArray(values));
        for (int at = 0; at < values.length; at += columns) {
            rows.add(Arrays.copyOfRange(values, at, at + columns));
        }
        return rows;
    }

    private static long number(Path file, Map<String, String> metadata, String name) {
        try {
            long value = Long.parseLong(metadata.getOrDefault(name, ""));
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below, like a negative one.
        }
        throw damaged(file, name);
    }

    private static BadFileException damaged(Path file, String name) {
        return new BadFileException(file.toString(), "has no valid " + name + ": the checkpoint is damaged");
    }

    private static List<AdamW.Slot> slots(Distillation distillation) {
        var slots = new ArrayList<>(distillation.learnerOptimizer().slots());
        slots.addAll(distillation.gateOptimizer().slots());
        return slots;
    }

    private static TensorData data(Tensor tensor) {
        return new TensorData(new long[] {tensor.rows(), tensor.columns()}, memory(tensor));
    }

    private static MemorySegment memory(Tensor tensor) {
        return tensor.floats().segment().asSlice(tensor.floats().offset(), (long) tensor.size() * Float.BYTES);
    }
}
