package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Device;
import io.tokenwise.backend.HardBudgets;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * The stream of the backends that compute on the CPU: leaves the work to its backend's {@link Products} and to
 * {@link ValueTasks} and {@link RowTasks}, whose operations have the same names. Allocates nothing once warm.
 */
public final class CpuStream implements Stream {
    private final CpuDevice device;
    private final Products products;
    private final ValueTasks valueTasks;
    private final RowTasks rowTasks;

    /** For products without a routing. */
    private final CpuRows all = new CpuRows();

    public CpuStream(Kernels kernels, WorkerPool pool, Products products, HeadAttention attention) {
        device = new CpuDevice(kernels, pool, attention);
        this.products = products;
        valueTasks = new ValueTasks(device.range());
        rowTasks = new RowTasks(device.range());
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public HostTensor read(Tensor x) {
        return x.host();
    }

    @Override
    public HostTensor write(Tensor x) {
        return x.host();
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        products.pack(source, 0, 0, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        products.packSlices(source, slices);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        products.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        mlp(x, all.all(x.rows(), slices.count()), slices, residual, workspace, y);
    }

    @Override
    public void mlp(
            Tensor x,
            Routing routing,
            MlpSlices whole,
            MlpSlices partly,
            Tensor none,
            Tensor residual,
            Workspace workspace,
            Tensor y) {
        CpuRouting own = CpuRouting.of(routing);
        addNone(own, none, residual, y);
        mlp(x, own.whole(), whole, residual, workspace, y);
        mlp(x, own.partly(), partly, residual, workspace, y);
    }

    private void addNone(CpuRouting routing, Tensor none, Tensor residual, Tensor y) {
        CpuRows rows = routing.none();
        if (residual == null) {
            rowTasks.copyToRows(none, 0, rows.order(), rows.from(), rows.to(), y);
        } else {
            valueTasks.addBias(residual, rows.order(), rows.from(), rows.to(), none, y);
        }
    }

    private void mlp(Tensor x, CpuRows some, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        workspace.push();
        Tensor units = workspace.tensor(some.sliceRows()[0], slices.between());
        products.mlp(x, some.order(), some.sliceRows(), slices, residual, units, y);
        workspace.pop();
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        CpuRouting own = CpuRouting.of(routing);
        linearSlices(x, own.whole(), whole, rest, y);
        linearSlices(x, own.partly(), partly, rest, y);
    }

    private void linearSlices(Tensor x, CpuRows some, OutputSlices slices, Tensor rest, Tensor y) {
        int[] sliceRows = some.sliceRows();
        int column = 0;
        for (int n = 0, end = some.to(); n < slices.count(); end = sliceRows[n++]) {
            rowTasks.copyToRows(rest, column, some.order(), sliceRows[n], end, y);
            column += slices.weights().get(n).outputs();
        }
        if (column < y.columns()) {
            rowTasks.copyToRows(rest, column, some.order(), 0, sliceRows[slices.count() - 1], y);
        }
        products.linearSlices(x, some.order(), sliceRows, slices, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        CpuRouting own = CpuRouting.of(routing);
        addNone(own, none, residual, y);
        sumSlices(x, own.whole(), whole, residual, y);
        sumSlices(x, own.partly(), partly, residual, y);
    }

    private void sumSlices(Tensor x, CpuRows some, InputSlices slices, Tensor residual, Tensor y) {
        products.sumSlices(x, some.order(), some.sliceRows(), slices, residual, y);
    }

    @Override
    public Routing routing() {
        return new CpuRouting(rowTasks);
    }

    @Override
    public Staying staying() {
        return new CpuStaying();
    }

    @Override
    public HardBudgets hardBudgets() {
        return new CpuHardBudgets();
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        rowTasks.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        workspace.push();
        products.weightGradient(x, dy, workspace, dWeight);
        workspace.pop();
    }

    // ---- values

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        valueTasks.add(a, b, y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        valueTasks.addScaled(x, factor, y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        valueTasks.copy(x, y);
    }

    @Override
    public void fill(Tensor x, float value) {
        valueTasks.fill(x, value);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return tensors.stream().mapToDouble(valueTasks::sumOfSquares).toArray();
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        valueTasks.adamW(weight, gradient, m, v, step);
    }
}
