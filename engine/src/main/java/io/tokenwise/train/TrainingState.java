package io.tokenwise.train;

import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.tensor.HostTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a training between two steps in one safetensors file: trained weights, the optimizers' running means, numbers that say where it
 * stands, and what else it keeps. Written atomically; a training that goes on from it ends with the same bits as an unbroken one.
 */
public final class TrainingState implements AutoCloseable {
    /** Raised whenever a file of before cannot be gone on from. */
    private static final String VERSION = "6";

    private static final String FORMAT = "tokenwise_checkpoint";

    /** Before the names of what identifies a run. */
    private static final String RUN = "run ";

    /** Before the names of numbers. */
    private static final String COUNTER = "counter ";

    private final Path file;
    private final Safetensors source;

    private TrainingState(Path file, Safetensors source) {
        this.file = file;
        this.source = source;
    }

    /**
     * Writes the state.
     *
     * @param counters whole numbers from 0, by name
     * @param others tensors that are neither weights nor running means, by name
     * @param run what identifies model, data and configuration, by name; only the same run can go on from the file
     */
    public static void write(
            Path file,
            List<? extends Optimizer> optimizers,
            Map<String, Long> counters,
            Map<String, TensorData> others,
            Map<String, String> run)
            throws IOException {
        var tensors = new LinkedHashMap<String, TensorData>();
        var metadata = new LinkedHashMap<String, String>();
        var open = new ArrayList<HostTensor>();
        metadata.put(FORMAT, VERSION);
        run.forEach((name, value) -> metadata.put(RUN + name, value));
        counters.forEach((name, value) -> metadata.put(COUNTER + name, Long.toString(value)));
        for (Optimizer optimizer : optimizers) {
            metadata.put(stepsOf(optimizers.indexOf(optimizer)), Integer.toString(optimizer.step()));
            optimizer.parameters().forEach(parameter -> put(parameter, tensors, open));
            optimizer.means().forEach(mean -> put(mean, tensors, open));
        }
        tensors.putAll(others);
        try {
            SafetensorsWriter.write(file, tensors, metadata);
        } catch (IOException e) {
            // A thread that is interrupted has the file closed under it; the state is worth another try.
            if (!Thread.interrupted()) {
                throw e;
            }
            SafetensorsWriter.write(file, tensors, metadata);
            Thread.currentThread().interrupt();
        } finally {
            open.forEach(HostTensor::close);
        }
    }

    private static void put(Parameter parameter, Map<String, TensorData> tensors, List<HostTensor> open) {
        HostTensor values = parameter.read();
        open.add(values);
        var tensor = new TensorData(new long[] {values.rows(), values.columns()}, values.segment());
        if (tensors.put(parameter.name(), tensor) != null) {
            throw new IllegalStateException("checkpoint: two tensors are called " + parameter.name());
        }
    }

    /**
     * Opens a file that {@link #write} has left.
     *
     * @throws BadFileException if the file is no checkpoint, is damaged or of another version, or belongs to another run; the message
     *     names the differences
     */
    public static TrainingState open(Path file, Map<String, String> run) throws IOException {
        return open(file, file, run);
    }

    /**
     * The same of one of several files that belong together.
     *
     * @param place what a message names instead of the file, and what has to be deleted to start over
     */
    public static TrainingState open(Path file, Path place, Map<String, String> run) throws IOException {
        Safetensors source = Safetensors.open(file);
        try {
            check(place, source.metadata(), run);
            return new TrainingState(file, source);
        } catch (Throwable e) {
            source.close();
            throw e;
        }
    }

    /**
     * Brings weights and running means to what they were; the optimizers are those that were written, in the same order.
     *
     * @throws BadFileException if one of them is not in the file, or has another shape there
     */
    public void restore(List<? extends Optimizer> optimizers) {
        for (int i = 0; i < optimizers.size(); i++) {
            optimizers.get(i).step((int) number(stepsOf(i)));
            optimizers.get(i).means().forEach(this::restore);
            optimizers.get(i).parameters().forEach(this::restore);
        }
    }

    private void restore(Parameter parameter) {
        try (HostTensor values = parameter.write()) {
            if (!Arrays.equals(source.shape(parameter.name()), new long[] {values.rows(), values.columns()})) {
                throw damaged(parameter.name());
            }
            source.read(parameter.name(), values.segment());
        }
        parameter.changed();
    }

    /** One of the numbers. */
    public long counter(String name) {
        return number(COUNTER + name);
    }

    /** A matrix of so many columns, of which there may be no rows, as it was written. */
    public float[][] rows(String name, int columns) {
        long[] shape = source.names().contains(name) ? source.shape(name) : new long[0];
        if (shape.length != 2 || (shape[0] > 0 && shape[1] != columns)) {
            throw damaged(name);
        }
        var values = new float[Math.toIntExact(shape[0] * shape[1])];
        source.read(name, MemorySegment.ofArray(values));
        var rows = new float[(int) shape[0]][columns];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(values, row * columns, rows[row], 0, columns);
        }
        return rows;
    }

    /** What to say of a tensor or number that is there, but cannot be. */
    public BadFileException damaged(String name) {
        return new BadFileException(file.toString(), "has no valid " + name + ": the checkpoint is damaged");
    }

    @Override
    public void close() {
        source.close();
    }

    private static String stepsOf(int optimizer) {
        return "optimizer " + optimizer + " steps";
    }

    private static void check(Path place, Map<String, String> metadata, Map<String, String> run) {
        // The first version had no field of its own for it.
        String version = metadata.getOrDefault(FORMAT, metadata.containsKey("step") ? "1" : "none");
        if (!version.equals(VERSION)) {
            throw new BadFileException(
                    place.toString(),
                    version.equals("none")
                            ? "is not a checkpoint: delete or move it to start"
                            : "is a checkpoint of version " + version + ", this Tokenwise goes on from version "
                                    + VERSION
                                    + ": end the run with the one that began it, or delete it to start over");
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
                    place.toString(),
                    "belongs to a run with other settings (" + String.join("; ", differences)
                            + "): repeat those, or delete it to start over");
        }
    }

    private long number(String name) {
        try {
            long value = Long.parseLong(source.metadata().getOrDefault(name, ""));
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below, like a negative one.
        }
        throw damaged(name);
    }
}
