package io.tokenwise.backend.onednn;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.cpu.Products;
import io.tokenwise.backend.cpu.WorkerPool;
import io.tokenwise.backend.onednn.OneDnnMatrix.Part;
import io.tokenwise.kernels.Conversions.Columns;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Matrix products by oneDNN, and those with few outputs or inputs, such as a gate's, by our own kernels. */
final class OneDnnProducts implements Products {
    private static final long ALIGNMENT = 64;

    private final Products vector;
    private final Precision precision;

    /** By absolute value, in signed bytes. */
    private final int largestWeight;

    private final OneDnnJob job;
    private final GradientJob gradient;
    private final Scratch scratch = new Scratch();

    OneDnnProducts(OneDnnBackend backend, Kernels kernels, WorkerPool pool, Products vector) {
        this.vector = vector;
        this.precision = backend.precision();
        this.largestWeight = backend.largestWeight();
        this.job = new OneDnnJob(backend, pool);
        this.gradient = new GradientJob(backend, kernels, pool);
    }

    @Override
    public void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target) {
        if (!(target instanceof OneDnnMatrix matrix)) {
            vector.pack(source, fromRow, fromColumn, transposed, target);
        } else {
            if (matrix.twin() != null) {
                vector.pack(source, fromRow, fromColumn, transposed, matrix.twin());
            }
            if (precision.isOfBytes()) {
                packBytes(source, transposed, List.of(matrix));
            } else {
                packFloats(source, fromRow, fromColumn, transposed, matrix);
            }
        }
    }

    /** oneDNN narrows and transposes while it packs. */
    private static void packFloats(
            Tensor source, int fromRow, int fromColumn, boolean transposed, OneDnnMatrix matrix) {
        Floats values = source.floats();
        int stride = source.columns();
        long from = (long) fromRow * stride + fromColumn;
        for (Part part : matrix.parts()) {
            int rows = transposed ? part.outputs() : matrix.inputs();
            int columns = transposed ? matrix.inputs() : part.outputs();
            long bytes = ((rows - 1L) * stride + columns) * Float.BYTES;
            MemorySegment weights = values.segment().asSlice(values.at(from), bytes);
            part.product().packFloats(weights, stride, transposed, part.packed());
            from += transposed ? (long) rows * stride : columns;
        }
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        if (precision.isOfBytes() && slices.getFirst() instanceof OneDnnMatrix first) {
            if (first.twin() != null) {
                vector.packSlices(
                        source, slices.stream().map(PackedMatrix::plain).toList());
            }
            packBytes(source, false, slices);
        } else {
            Products.super.packSlices(source, slices);
        }
    }

    /**
     * Packs a matrix, or all slices of one and their prefixes. Quantises in Java, on arrays: this runs once, when a model is loaded, so code
     * that is quick before it is compiled counts, and loops in methods of their own, which C2 compiles in a few milliseconds each. Each
     * output's scale is that at which its largest weight is the largest step, over all inputs of the source: slices along the inputs then
     * have one scale, and their sums can be added as integers.
     */
    private void packBytes(Tensor source, boolean transposed, List<PackedMatrix> slices) {
        int inputs = transposed ? source.columns() : source.rows();
        int outputs = transposed ? source.rows() : source.columns();
        var scales = new float[outputs];
        var row = new float[outputs];
        for (int k = 0; k < inputs; k++) {
            read(source, k, transposed, row);
            enlarge(scales, row);
        }
        float[] factors = new float[outputs];
        for (int j = 0; j < outputs; j++) {
            factors[j] = largestWeight / scales[j];
            // Zero, or so near to it that it might as well be.
            factors[j] = Float.isInfinite(factors[j]) ? 0 : factors[j];
            scales[j] = factors[j] == 0 ? 0 : scales[j] / largestWeight;
        }
        var steps = new byte[Math.multiplyExact(inputs, outputs)];
        for (int k = 0; k < inputs; k++) {
            read(source, k, transposed, row);
            round(row, factors, steps, k * outputs);
        }
        int input = 0;
        int output = 0;
        for (PackedMatrix slice : slices) {
            var matrix = (OneDnnMatrix) slice;
            packSlice(steps, scales, input, output, matrix);
            if (matrix.prefix() != null) {
                packSlice(steps, scales, 0, 0, matrix.prefix());
            }
            input += matrix.inputs() < inputs ? matrix.inputs() : 0;
            output += matrix.outputs() < outputs ? matrix.outputs() : 0;
        }
    }

    /** Packs a slice from a matrix of steps, as wide as there are scales, in which it starts at an input and an output. */
    private static void packSlice(byte[] steps, float[] scales, int input, int output, OneDnnMatrix slice) {
        float[] sums = slice.columns().sums();
        Arrays.fill(sums, 0);
        for (int k = 0; k < slice.inputs(); k++) {
            addTo(sums, steps, (input + k) * scales.length + output);
        }
        System.arraycopy(scales, output, slice.columns().scales(), 0, sums.length);
        for (int j = 0; j < sums.length; j++) {
            sums[j] *= scales[output + j];
        }
        int column = 0;
        for (Part part : slice.parts()) {
            packPart(steps, scales.length, input, output + column, part);
            if (part.product().isOfOwnCode()) {
                Columns columns = slice.columns();
                part.product().setMeaning(columns.scales(), columns.sums(), column, part.packed());
            }
            column += part.outputs();
        }
    }

    private static void packPart(byte[] steps, int width, int input, int output, Part part) {
        int outputs = part.outputs();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment rowMajor = arena.allocate(part.product().spec().bBytes(), ALIGNMENT);
            for (int k = 0; k < part.product().spec().k(); k++) {
                int at = (input + k) * width + output;
                MemorySegment.copy(steps, at, rowMajor, ValueLayout.JAVA_BYTE, (long) k * outputs, outputs);
            }
            part.product().pack(rowMajor, part.packed()).close();
        }
    }

    private static void addTo(float[] sums, byte[] steps, int at) {
        for (int j = 0; j < sums.length; j++) {
            sums[j] += steps[at + j];
        }
    }

    private static void enlarge(float[] largest, float[] row) {
        for (int j = 0; j < row.length; j++) {
            largest[j] = Math.max(largest[j], Math.abs(row[j]));
        }
    }

    /** {@link Math#round}'s steps, of at most 127, in a tenth of its time: what half a step is added to has more bits than a product has, so that nothing is rounded before it is cut off. */
    static void round(float[] row, float[] factors, byte[] steps, int at) {
        for (int j = 0; j < row.length; j++) {
            steps[at + j] = (byte) ((int) (row[j] * factors[j] + 128.5) - 128);
        }
    }

    /** The weights of one input. */
    private static void read(Tensor source, int input, boolean transposed, float[] row) {
        Floats values = source.floats();
        long stride = source.columns();
        if (transposed) {
            for (int j = 0; j < row.length; j++) {
                row[j] = values.get(input + j * stride);
            }
        } else {
            MemorySegment.copy(values.segment(), ValueLayout.JAVA_FLOAT, values.at(input * stride), row, 0, row.length);
        }
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        if (!(weight instanceof OneDnnMatrix matrix)) {
            vector.linear(x, weight, bias, gelu, residual, y);
            return;
        }
        start(x, residual, y);
        job.weight = matrix;
        job.bias = bias == null ? null : bias.floats();
        job.gelu = gelu;
        job.product(x.rows(), scratch);
    }

    @Override
    public void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y) {
        if (isVectors(slices.ups().weights()) || isVectors(slices.downs().weights())) {
            vector.mlp(x, rows, sliceRows, slices, residual, units, y);
            return;
        }
        checkOutputs("mlp", slices.ups());
        checkInputs("mlp", slices.downs());
        start(x, residual, y);
        job.activation = slices.activation();
        job.gated = slices.gated();
        job.slices(slices.ups(), slices.downs(), rows, sliceRows, scratch);
    }

    @Override
    public void linearSlices(Tensor x, int[] rows, int[] sliceRows, OutputSlices slices, Tensor y) {
        if (isVectors(slices.weights())) {
            vector.linearSlices(x, rows, sliceRows, slices, y);
            return;
        }
        checkOutputs("linearSlices", slices);
        start(x, null, y);
        job.stride = y.columns();
        job.slices(slices, null, rows, sliceRows, scratch);
    }

    @Override
    public void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y) {
        if (isVectors(slices.weights())) {
            vector.sumSlices(x, rows, sliceRows, slices, residual, y);
            return;
        }
        checkInputs("sumSlices", slices);
        start(x, residual, y);
        job.stride = x.columns();
        job.slices(null, slices, rows, sliceRows, scratch);
    }

    private void start(Tensor x, Tensor residual, Tensor y) {
        job.x = x.floats();
        job.residual = residual == null ? null : residual.floats();
        job.y = y.floats();
    }

    /** Whether some of the matrices are too small for oneDNN. */
    private static boolean isVectors(List<PackedMatrix> matrices) {
        for (int n = 0; n < matrices.size(); n++) {
            if (!(matrices.get(n) instanceof OneDnnMatrix)) {
                return true;
            }
        }
        return false;
    }

    private static void checkOutputs(String operation, OutputSlices slices) {
        for (int n = 0; n < slices.count(); n++) {
            var matrix = (OneDnnMatrix) slices.weights().get(n);
            if (matrix.outputStride() != slices.columns()) {
                throw new IllegalArgumentException(operation + ": slice " + n + " of " + matrix.shape()
                        + " was not packed as a slice of a matrix with " + slices.columns() + " outputs");
            }
        }
    }

    private static void checkInputs(String operation, InputSlices slices) {
        for (int n = 0; n < slices.count(); n++) {
            var matrix = (OneDnnMatrix) slices.weights().get(n);
            if (matrix.inputStride() != slices.columns() || matrix.outputStride() != slices.outputs()) {
                throw new IllegalArgumentException(operation + ": slice " + n + " of " + matrix.shape()
                        + " was not packed as a slice of a matrix [" + slices.columns() + ", " + slices.outputs()
                        + "]");
            }
        }
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        if (Math.min(x.columns(), dy.columns()) < OneDnnBackend.LEAST_SIDE) {
            vector.weightGradient(x, dy, workspace, dWeight);
        } else {
            gradient.run(x, dy, workspace, dWeight, scratch);
        }
    }
}
