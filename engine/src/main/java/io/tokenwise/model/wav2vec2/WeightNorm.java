package io.tokenwise.model.wav2vec2;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A file's weights with one kernel {@code [outputs, inputs, width]} put together of its two parts (weight normalisation, Salimans and Kingma 2016, over the
 * last dimension): {@code kernel[:, :, t] = v[:, :, t] * g[t] / |v[:, :, t]|}, as torch.nn.utils.weight_norm has it with {@code dim=2}.
 */
final class WeightNorm implements WeightSource {
    private static final String LENGTH = ".weight_g";
    private static final String DIRECTION = ".weight_v";

    /** The same since PyTorch 2.0. */
    private static final String NEW_LENGTH = ".parametrizations.weight.original0";

    private static final String NEW_DIRECTION = ".parametrizations.weight.original1";

    private final WeightSource file;

    /** Instead of its parts, which are not among them. */
    private final Map<String, String> names;

    private final String kernel;
    private final String length;

    /** The kernel, which is put together once though each group reads it for its part; null until the first does, and again when this is closed, as who has opened a model keeps it. */
    private MemorySegment whole;

    private WeightNorm(WeightSource file, Map<String, String> names, String kernel, String length) {
        this.file = file;
        this.names = names;
        this.kernel = kernel;
        this.length = length;
    }

    /** @param path of the convolution, before which something may stand; a file whose kernel is whole stays as it is */
    static WeightSource folded(WeightSource file, String path) {
        for (String name : file.names()) {
            for (String[] parts : new String[][] {{LENGTH, DIRECTION}, {NEW_LENGTH, NEW_DIRECTION}}) {
                if (name.endsWith(path + parts[1])) {
                    String before = name.substring(0, name.length() - parts[1].length());
                    return folded(file, before, name, before + parts[0]);
                }
            }
        }
        return file;
    }

    private static WeightSource folded(WeightSource file, String path, String direction, String length) {
        long[] shape = file.shape(direction);
        if (!file.names().contains(length)) {
            throw new BadFileException(file.description(), "has no tensor " + length + ", but " + direction);
        }
        if (shape.length != 3 || !Arrays.equals(file.shape(length), new long[] {1, 1, shape[2]})) {
            throw new BadFileException(
                    file.description(),
                    "tensor " + length + " has shape " + Arrays.toString(file.shape(length)) + " and " + direction + " "
                            + Arrays.toString(shape) + ", they must be [1, 1, width] and [outputs, inputs, width]");
        }
        var names = new LinkedHashMap<String, String>();
        file.names().forEach(name -> names.put(name, name));
        names.remove(direction);
        names.remove(length);
        String kernel = path + ".weight";
        names.put(kernel, direction);
        return new WeightNorm(file, names, kernel, length);
    }

    @Override
    public void read(String name, MemorySegment destination) {
        if (name.equals(kernel)) {
            MemorySegment put = whole(destination.byteSize());
            MemorySegment.copy(put, 0, destination, 0, put.byteSize());
        } else {
            file.read(inFile(name), destination);
        }
    }

    private synchronized MemorySegment whole(long bytes) {
        if (whole == null) {
            MemorySegment read = MemorySegment.ofArray(new float[Math.toIntExact(bytes / Float.BYTES)]);
            file.read(inFile(kernel), read);
            MemorySegment lengths = MemorySegment.ofArray(new float[Math.toIntExact(file.shape(length)[2])]);
            file.read(length, lengths);
            scale(read, lengths);
            whole = read;
        }
        return whole;
    }

    private static void scale(MemorySegment kernel, MemorySegment lengths) {
        float[] present = lengths(kernel, Math.toIntExact(lengths.byteSize() / Float.BYTES));
        var factors = new float[present.length];
        for (int t = 0; t < factors.length; t++) {
            // Where nothing is, a length changes nothing.
            factors[t] = present[t] == 0 ? 0 : lengths.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, t) / present[t];
        }
        for (long i = 0; i < kernel.byteSize() / Float.BYTES; i++) {
            float value = kernel.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            kernel.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value * factors[(int) (i % factors.length)]);
        }
    }

    /** Of a kernel's values at each place of its window. */
    private static float[] lengths(MemorySegment kernel, int width) {
        var squares = new double[width];
        for (long i = 0; i < kernel.byteSize() / Float.BYTES; i++) {
            double value = kernel.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            squares[(int) (i % width)] += value * value;
        }
        var lengths = new float[width];
        for (int t = 0; t < width; t++) {
            lengths[t] = (float) Math.sqrt(squares[t]);
        }
        return lengths;
    }

    /** Puts a kernel's two parts among tensors: itself and its lengths, of which {@link #folded} makes the same bits again. */
    static void unfold(TensorData kernel, String path, Map<String, TensorData> tensors) {
        float[] lengths = lengths(kernel.floats(), Math.toIntExact(kernel.shape()[2]));
        tensors.put(path + DIRECTION, kernel);
        tensors.put(path + LENGTH, new TensorData(new long[] {1, 1, lengths.length}, MemorySegment.ofArray(lengths)));
    }

    private String inFile(String name) {
        String inFile = names.get(name);
        if (inFile == null) {
            throw new BadFileException(description(), "has no tensor " + name);
        }
        return inFile;
    }

    @Override
    public String description() {
        return file.description();
    }

    @Override
    public Set<String> names() {
        return names.keySet();
    }

    @Override
    public long[] shape(String name) {
        return file.shape(inFile(name));
    }

    @Override
    public String type(String name) {
        return file.type(inFile(name));
    }

    @Override
    public synchronized void close() {
        whole = null;
        file.close();
    }
}
