package io.tokenwise.model;

import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.acm.block.AdaptiveBlock;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.Transposition;
import io.tokenwise.io.WeightSource;
import io.tokenwise.natives.Pages;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where a tensor of a model file lives in the model: ranges of a parameter's columns, as they are or transposed.
 *
 * @param name in the file
 * @param ranges columns of the parameter that the tensor fills, in the order in which the file has them
 * @param shape in the file
 */
public record StoredTensor(String name, Parameter parameter, List<Columns> ranges, Layout layout, List<Long> shape) {
    /** A difference of a learner is a twentieth of what it is added to: in 13 steps it is rounded no more coarsely than that is in 255. */
    private static final int DIFFERENCE_STEPS = 6;

    /** Columns of a parameter that lie side by side. */
    public record Columns(int from, int count) {
        static Columns all(Parameter parameter) {
            return new Columns(0, parameter.value().columns());
        }
    }

    public enum Layout {
        /** {@code [columns]}: the parameter is one row. */
        VECTOR,
        /** {@code [rows, columns]}. */
        MATRIX,
        /** {@code [columns, rows]}: Hugging Face keeps a linear layer's weight as {@code [out, in]}. */
        TRANSPOSED,
        /** {@code [columns, channels, width]}, of a convolution along rows of channels, whose windows have {@code width * channels} values. */
        CONVOLUTION;

        List<Long> shape(Parameter parameter, int columns) {
            long rows = parameter.value().rows();
            return switch (this) {
                case VECTOR -> List.of((long) columns);
                case MATRIX -> List.of(rows, (long) columns);
                case TRANSPOSED, CONVOLUTION -> List.of((long) columns, rows);
            };
        }
    }

    public StoredTensor {
        assert ranges.size() == 1 || layout != Layout.MATRIX : name + ": a matrix of more than one range";
    }

    /** With the shape that follows. */
    StoredTensor(String name, Parameter parameter, List<Columns> ranges, Layout layout) {
        this(name, parameter, ranges, layout, layout.shape(parameter, sum(ranges)));
    }

    private StoredTensor(String name, Parameter parameter, Layout layout) {
        this(name, parameter, List.of(Columns.all(parameter)), layout);
    }

    private static int sum(List<Columns> ranges) {
        return ranges.stream().mapToInt(Columns::count).sum();
    }

    /** The same tensor, which a file has in another shape of as many values in the same order. */
    StoredTensor shaped(Long... newShape) {
        return new StoredTensor(name, parameter, ranges, layout, List.of(newShape));
    }

    static StoredTensor vector(String name, Parameter parameter) {
        return new StoredTensor(name, parameter, Layout.VECTOR);
    }

    static StoredTensor matrix(String name, Parameter parameter) {
        return new StoredTensor(name, parameter, Layout.MATRIX);
    }

    static StoredTensor transposed(String name, Parameter parameter) {
        return new StoredTensor(name, parameter, Layout.TRANSPOSED);
    }

    /** The kernel of a convolution along rows of so many channels. */
    static StoredTensor convolution(String name, Parameter parameter, int channels) {
        Tensor value = parameter.value();
        return new StoredTensor(name, parameter, Layout.CONVOLUTION)
                .shaped((long) value.columns(), (long) channels, (long) value.rows() / channels);
    }

    /** Q, K and V of a parameter's columns, each of which a file has by itself. */
    private static List<StoredTensor> queryKeyValue(
            AdaptiveAttention attention, String what, Parameter parameter, Layout layout) {
        String path = attention.path() + ".acm.";
        int queries = attention.dense().queryColumns();
        int keys = attention.dense().keyColumns();
        return List.of(
                new StoredTensor(path + "query." + what, parameter, List.of(new Columns(0, queries)), layout),
                new StoredTensor(path + "key." + what, parameter, List.of(new Columns(queries, keys)), layout),
                new StoredTensor(
                        path + "value." + what, parameter, List.of(new Columns(queries + keys, keys)), layout));
    }

    /** What an adaptive block keeps besides its dense block; its weights have the layout of linear layers. */
    static List<StoredTensor> of(AdaptiveBlock block) {
        List<Parameter> learners = block.learnerParameters();
        List<StoredTensor> tensors = new ArrayList<>();
        switch (block) {
            case AdaptiveMlp mlp -> {
                tensors.add(transposed(learners.get(0).name(), learners.get(0)));
                tensors.add(vector(learners.get(1).name(), learners.get(1)));
                tensors.add(transposed(learners.get(2).name(), learners.get(2)));
                tensors.add(matrix(learners.get(3).name(), learners.get(3)));
            }
            case AdaptiveAttention attention -> {
                tensors.addAll(queryKeyValue(attention, "weight", learners.get(0), Layout.TRANSPOSED));
                tensors.addAll(queryKeyValue(attention, "bias", learners.get(1), Layout.VECTOR));
                List<StoredTensor> rests = queryKeyValue(attention, "rest", attention.rest(), Layout.VECTOR);
                tensors.addAll(attention.keepsRests() ? rests : rests.subList(0, 1));
                tensors.add(transposed(learners.get(2).name(), learners.get(2)));
                tensors.add(matrix(learners.get(3).name(), learners.get(3)));
            }
        }
        for (Acm acm : block.acms()) {
            Parameter weight = acm.gateParameters().get(0);
            Parameter budget = acm.gateParameters().get(1);
            tensors.add(transposed(weight.name(), weight));
            tensors.add(matrix(budget.name(), budget));
        }
        return tensors;
    }

    /** Reads tensors into their parameters, which have to be told that they {@link Parameter#changed}. */
    public static void loadAll(List<StoredTensor> tensors, WeightSource source) {
        try (var memory = new ReadMemory()) {
            tensors.forEach(tensor -> tensor.load(source, memory));
        }
    }

    /** Reads the tensor into the parameter, which has to be told that it {@link Parameter#changed} once all its tensors are read. */
    void load(WeightSource source, ReadMemory memory) {
        long[] inFile = source.shape(name);
        if (!Arrays.equals(inFile, dimensions())) {
            throw new BadFileException(
                    source.description(),
                    "tensor " + name + " has shape " + Arrays.toString(inFile) + ", it must be " + shape);
        }
        try (HostTensor value = parameter.write()) {
            if (ranges.size() == 1 && !isTransposed()) {
                source.read(name, place(value, ranges.getFirst()));
            } else {
                memory.lend(bytes(), file -> {
                    source.read(name, file);
                    fromFile(file, value);
                });
            }
        }
    }

    private void fromFile(MemorySegment file, HostTensor value) {
        long at = 0;
        for (Columns range : ranges) {
            MemorySegment part = file.asSlice(at, bytes(range));
            if (isTransposed()) {
                fromTransposed(part, range, value);
            } else {
                place(value, range).copyFrom(part);
            }
            at += part.byteSize();
        }
    }

    private void fromTransposed(MemorySegment file, Columns range, HostTensor value) {
        int width = value.rows() / channels();
        for (int channel = 0; channel < channels(); channel++) {
            Transposition.copy(
                    file.asSlice(4L * channel * width),
                    value.rows(),
                    range.count(),
                    width,
                    from(value, range).asSlice(4L * channel * value.columns()),
                    (long) channels() * value.columns());
        }
    }

    /** The tensor as the file has it, in memory of the arena. */
    TensorData store(Arena arena) {
        try (HostTensor value = parameter.read()) {
            return new TensorData(dimensions(), inFile(arena, value));
        }
    }

    /** A tensor like the parameter, which holds what it differs by from something, as the file has it. */
    TensorData storeDifference(Arena arena, HostTensor difference) {
        return new TensorData(dimensions(), inFile(arena, difference), DIFFERENCE_STEPS);
    }

    private MemorySegment inFile(Arena arena, HostTensor value) {
        MemorySegment file = Pages.allocate(arena, bytes(), 64);
        long at = 0;
        for (Columns range : ranges) {
            MemorySegment part = file.asSlice(at, bytes(range));
            if (isTransposed()) {
                toTransposed(value, range, part);
            } else {
                part.copyFrom(place(value, range));
            }
            at += part.byteSize();
        }
        return file;
    }

    private void toTransposed(HostTensor value, Columns range, MemorySegment file) {
        int width = value.rows() / channels();
        for (int channel = 0; channel < channels(); channel++) {
            Transposition.copy(
                    from(value, range).asSlice(4L * channel * value.columns()),
                    (long) channels() * value.columns(),
                    width,
                    range.count(),
                    file.asSlice(4L * channel * width),
                    value.rows());
        }
    }

    private boolean isTransposed() {
        return layout == Layout.TRANSPOSED || layout == Layout.CONVOLUTION;
    }

    /** In the file the values of a channel lie together, in the parameter those of a row of a window; a linear layer is one channel. */
    private int channels() {
        return layout == Layout.CONVOLUTION ? Math.toIntExact(shape.get(1)) : 1;
    }

    /** A parameter's memory from a range's first column on. Only transposed tensors fill less than whole rows of many. */
    private static MemorySegment from(HostTensor value, Columns range) {
        return value.segment().asSlice((long) range.from() * Float.BYTES);
    }

    private MemorySegment place(HostTensor value, Columns range) {
        return from(value, range).asSlice(0, bytes(range));
    }

    /** Its shape in the file. */
    long[] dimensions() {
        return shape.stream().mapToLong(Long::longValue).toArray();
    }

    private long bytes() {
        return ranges.stream().mapToLong(this::bytes).sum();
    }

    private long bytes(Columns range) {
        return (long) parameter.value().rows() * range.count() * Float.BYTES;
    }
}
