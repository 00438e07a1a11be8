package io.tokenwise.backend.cpu;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Gemm;
import io.tokenwise.kernels.GemmCall;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/** Matrix products in float32 by our own kernels. */
public final class VectorProducts implements Products {
    private final Scratch scratch = new Scratch();
    private final RangeJob packing;
    private final GemmJob gemm;

    /** What follows a product by values. */
    private final RangeJob range;

    /** The columns of a slice, or a slice's units, for as long as its product runs. */
    private final Floats columns = new Floats(MemorySegment.NULL, 0);

    public VectorProducts(Kernels kernels, WorkerPool pool) {
        packing = new RangeJob(kernels, pool, scratch);
        gemm = new GemmJob(kernels.gemm(), pool);
        range = new RangeJob(kernels, pool, scratch);
    }

    @Override
    public void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target) {
        packing.a = corner(source, fromRow, fromColumn);
        packing.b = packed(target);
        packing.rows = target.inputs();
        packing.columns = target.outputs();
        packing.blocks = source.columns();
        Gemm kernel = packing.kernels.gemm();
        int panel = kernel.panelColumns();
        int panels = (target.outputs() + panel - 1) / panel;
        int grain = Math.max(1, RangeJob.GRAIN_VALUES / (panel * Math.max(1, target.inputs())));
        packing.forEach(panels, grain, transposed ? VectorProducts::packTransposed : VectorProducts::packPlain);
    }

    private static Floats corner(Tensor source, int row, int column) {
        Floats all = source.floats();
        long index = (long) row * source.columns() + column;
        return index == 0 ? all : new Floats(all.segment(), all.at(index));
    }

    private static void packPlain(RangeJob o, int from, int to, Scratch scratch) {
        o.kernels.gemm().pack(o.a, o.blocks, false, o.rows, o.columns, o.b, from, to);
    }

    private static void packTransposed(RangeJob o, int from, int to, Scratch scratch) {
        o.kernels.gemm().pack(o.a, o.blocks, true, o.rows, o.columns, o.b, from, to);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        GemmCall call = prepare(x, weight, x.rows(), y);
        call.bias = bias == null ? null : bias.floats();
        call.residual = residual == null ? null : residual.floats();
        call.gelu = gelu;
        gemm.multiply(scratch);
    }

    @Override
    public void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y) {
        for (int n = 0; n < slices.count() && sliceRows[n] > 0; n++) {
            GemmCall call = prepare(x, slices.ups().weights().get(n), sliceRows[n], units);
            call.gather = rows;
            call.cStride = call.n;
            call.bias = slices.ups().biases().get(n).floats();
            call.gelu = slices.activation() == Activation.GELU && !slices.gated();
            gemm.multiply(scratch);
            Floats activated = call.gelu ? units.floats() : activate(slices, n, sliceRows[n], units);
            call = prepare(units, slices.downs().weights().get(n), sliceRows[n], y);
            call.a = activated;
            call.aStride = call.k;
            call.scatter = rows;
            addSlice(call, slices.downs(), n, residual, y);
        }
    }

    /** A slice's units, from what its first product has left at the beginning of {@code between}: in its place, or, if they are gated, behind it. */
    private Floats activate(MlpSlices slices, int n, int rows, Tensor between) {
        range.a = between.floats();
        range.activation = slices.activation();
        range.columns = slices.units(n);
        if (!slices.gated()) {
            range.forEach(Math.multiplyExact(rows, range.columns), RangeJob.GRAIN_VALUES, VectorProducts::activate);
            return range.a;
        }
        columns.point(
                range.a.segment(),
                range.a.at((long) rows * slices.ups().weights().get(n).outputs()));
        range.b = columns;
        range.forEach(rows, RangeJob.grain(range.columns), VectorProducts::gate);
        return columns;
    }

    private static void activate(RangeJob o, int from, int to, Scratch scratch) {
        o.kernels.gates().activate(o.a, o.a, o.activation, from, to);
    }

    private static void gate(RangeJob o, int from, int to, Scratch scratch) {
        o.kernels.gates().gated(o.a, o.b, o.activation, o.columns, from, to);
    }

    /** Slice n of a sum: the first one adds the residual, the others add to the sum. */
    private void addSlice(GemmCall call, InputSlices slices, int n, Tensor residual, Tensor y) {
        call.bias = slices.biases().get(n).floats();
        Tensor before = n == 0 ? residual : y;
        call.residual = before == null ? null : before.floats();
        gemm.multiply(scratch);
    }

    @Override
    public void linearSlices(Tensor x, int[] rows, int[] sliceRows, OutputSlices slices, Tensor y) {
        int column = 0;
        for (int n = 0; n < slices.count() && sliceRows[n] > 0; n++) {
            GemmCall call = prepare(x, slices.weights().get(n), sliceRows[n], y);
            call.gather = rows;
            call.scatter = rows;
            call.c = fromColumn(y, column);
            call.bias = slices.biases().get(n).floats();
            gemm.multiply(scratch);
            column += call.n;
        }
    }

    @Override
    public void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y) {
        int column = 0;
        for (int n = 0; n < slices.count() && sliceRows[n] > 0; n++) {
            GemmCall call = prepare(x, slices.weights().get(n), sliceRows[n], y);
            call.a = fromColumn(x, column);
            call.gather = rows;
            call.scatter = rows;
            addSlice(call, slices, n, residual, y);
            column += call.k;
        }
    }

    /** A matrix without its first columns, with the same stride. */
    private Floats fromColumn(Tensor x, int column) {
        columns.point(x.floats().segment(), x.floats().at(column));
        return columns;
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        if (x.rows() == 0) {
            return;
        }
        int floats = packedFloats(packing.kernels, dy.rows(), dy.columns());
        var packed = new VectorMatrix(dy.rows(), dy.columns(), workspace.tensor(1, floats));
        pack(dy, 0, 0, false, packed);
        GemmCall call = prepare(x, packed, x.columns(), dWeight);
        call.k = x.rows();
        call.aTransposed = true;
        call.accumulate = true;
        gemm.multiply(scratch);
    }

    private GemmCall prepare(Tensor x, PackedMatrix weight, int rows, Tensor y) {
        GemmCall call = gemm.call.clear();
        call.m = rows;
        call.n = weight.outputs();
        call.k = weight.inputs();
        call.a = x.floats();
        call.aStride = x.columns();
        call.packedB = packed(weight);
        call.c = y.floats();
        call.cStride = y.columns();
        return call;
    }

    static int packedFloats(Kernels kernels, int inputs, int outputs) {
        return Math.toIntExact(kernels.gemm().packedFloats(inputs, outputs));
    }

    private static Floats packed(PackedMatrix matrix) {
        if (matrix.plain() instanceof VectorMatrix own) {
            return own.panels().floats();
        }
        throw new IllegalArgumentException("matrix " + matrix.shape() + " was packed for another backend");
    }
}
