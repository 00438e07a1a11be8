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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a {@link Distillation} between two steps in one safetensors file: trained weights, the optimizers' running means, and
 * where steps and text stand. Written atomically; a run that goes on from it ends with the same bits as an unbroken one.
 */
public final class Checkpoint {
    private static final String RUN = "run";
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";
    private static final String LEARNER_STEP = "learner_optimizer_step";
    private static final String GATE_STEP = "gate_optimizer_step";

    private Checkpoint() {}

    /**
     * Writes the state.
     *
     * @param run what identifies model, text and configuration; only the same run can go on from the file
     */
    public static void write(Path file, Distillation distillation, String run) throws IOException {
        var tensors = new LinkedHashMap<String, TensorData>();
        for (AdamW.Slot slot : slots(distillation)) {
            String name = slot.parameter().name();
            tensors.put(name, data(slot.parameter().value()));
            tensors.put(name + ".m", data(slot.m()));
            tensors.put(name + ".v", data(slot.v()));
        }
        var numbers = Map.of(
                RUN, run,
                STEP, Integer.toString(distillation.nextStep()),
                CONSUMED, Long.toString(distillation.text().consumed()),
                LEARNER_STEP, Integer.toString(distillation.learnerOptimizer().step()),
                GATE_STEP, Integer.toString(distillation.gateOptimizer().step()));
        SafetensorsWriter.write(file, tensors, numbers);
    }

    /**
     * Brings the distillation to the state of the file.
     *
     * @throws BadFileException if the file is no checkpoint, is damaged, or belongs to another run
     */
    public static void read(Path file, Distillation distillation, String run) throws IOException {
        try (var source = Safetensors.open(file)) {
            Map<String, String> metadata = source.metadata();
            if (!run.equals(metadata.get(RUN))) {
                throw new BadFileException(
                        file.toString(),
                        "belongs to a run with other settings, model or text: repeat them, or delete the file to start over");
            }
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
        }
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
        throw new BadFileException(file.toString(), "has no valid " + name + ": not a checkpoint, or damaged");
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
