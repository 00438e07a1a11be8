package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
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
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * A stream of a CUDA device: leaves the work to classes whose operations have the same names, and that launch kernels. It says which operations change what other streams
 * read: weights, and what is made of them before a pass.
 */
final class CudaStream implements Stream {
    private final Launches launches;
    private final CudaDevice device;
    private final GateLaunch gates;
    private final CudaReading reading;
    private final CudaPacking packing;
    private final CudaProducts products;
    private final CudaValues values;
    private final CudaOptimizer optimizer;

    CudaStream(Launches launches, Precision precision) {
        this.launches = launches;
        gates = new GateLaunch(launches);
        reading = new CudaReading(launches);
        packing = new CudaPacking(launches);
        var formed = new FormedTensor(launches, precision);
        device = new CudaDevice(launches, formed, precision);
        products = new CudaProducts(launches, formed);
        values = new CudaValues(launches);
        optimizer = new CudaOptimizer(launches);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public HostTensor read(Tensor x) {
        return reading.read(x);
    }

    @Override
    public HostTensor write(Tensor x) {
        return reading.write(x);
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        packing.pack(source, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        packing.packSlices(source, slices);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        products.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        products.mlp(x, slices, residual, y);
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
        products.mlp(x, CudaRouting.of(routing), whole, partly, none, residual, y);
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        products.linearSlices(x, CudaRouting.of(routing), whole, partly, rest, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        products.sumSlices(x, CudaRouting.of(routing), whole, partly, none, residual, y);
    }

    @Override
    public Routing routing() {
        return new CudaRouting(launches, gates);
    }

    @Override
    public HardBudgets hardBudgets() {
        return new CudaHardBudgets(launches);
    }

    @Override
    public Staying staying() {
        return new CudaStaying(launches);
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        products.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        products.weightGradient(x, dy, dWeight);
        launches.wroteGradient(dWeight);
    }

    // ---- values

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        values.add(a, b, y);
        launches.wrote(y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        values.addScaled(x, factor, y);
        launches.wrote(y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        values.copy(x, y);
        launches.wrote(y);
    }

    @Override
    public void fill(Tensor x, float value) {
        values.fill(x, value);
        launches.wrote(x);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return values.sumsOfSquares(tensors);
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        optimizer.adamW(weight, gradient, m, v, step);
        launches.wrote(weight);
    }

    // ---- speech
}
