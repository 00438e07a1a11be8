package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/** The stream that a backend gives: checks shapes, with errors that name the operation and both shapes, before another stream computes. */
public final class CheckedStream implements Stream {
    private final Stream stream;

    /** @param stream whose operations rely on shapes that fit */
    public CheckedStream(Stream stream) {
        this.stream = stream;
    }

    @Override
    public Device device() {
        return stream.device();
    }

    @Override
    public HostTensor read(Tensor x) {
        return stream.read(x);
    }

    @Override
    public HostTensor write(Tensor x) {
        return stream.write(x);
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        int rows = transposed ? target.outputs() : target.inputs();
        int columns = transposed ? target.inputs() : target.outputs();
        Shapes.require("pack", source, rows, columns);
        stream.pack(source, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        boolean alongOutputs = slices.getFirst().inputs() == source.rows();
        int rows = alongOutputs ? source.rows() : 0;
        int columns = alongOutputs ? 0 : slices.getFirst().outputs();
        for (PackedMatrix slice : slices) {
            rows += alongOutputs ? 0 : slice.inputs();
            columns += alongOutputs ? slice.outputs() : 0;
        }
        if (rows != source.rows() || columns != source.columns()) {
            throw new IllegalArgumentException("pack: " + slices.size() + " slices of [" + rows + ", " + columns
                    + "] in all are not " + source.shape());
        }
        stream.packSlices(source, slices);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        Shapes.product("linear", x, weight, y);
        Shapes.require("linear", y, x.rows(), weight.outputs());
        if (bias != null) {
            Shapes.vector("linear bias", bias, weight.outputs());
        }
        if (residual != null) {
            Shapes.same("linear residual", residual, y);
        }
        stream.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        checkMlp(x, slices, residual, y);
        stream.mlp(x, slices, residual, workspace, y);
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
        Shapes.routed("mlp", routing, whole.count(), partly.count(), x);
        checkMlp(x, whole, residual, y);
        checkMlp(x, partly, residual, y);
        Shapes.vector("mlp none", none, y.columns());
        stream.mlp(x, routing, whole, partly, none, residual, workspace, y);
    }

    private static void checkMlp(Tensor x, MlpSlices slices, Tensor residual, Tensor y) {
        Shapes.require("mlp", x, x.rows(), slices.inputs());
        Shapes.require("mlp", y, x.rows(), slices.outputs());
        if (residual != null) {
            Shapes.same("mlp residual", residual, y);
        }
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        Shapes.routed("linearSlices", routing, whole.count(), partly.count(), x);
        Shapes.require("linearSlices", x, x.rows(), whole.inputs());
        Shapes.require("linearSlices", x, x.rows(), partly.inputs());
        int columns = Math.max(whole.columns(), partly.columns());
        Shapes.require("linearSlices", y, x.rows(), Math.max(y.columns(), columns));
        Shapes.vector("linearSlices rest", rest, y.columns());
        stream.linearSlices(x, routing, whole, partly, rest, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        Shapes.routed("sumSlices", routing, whole.count(), partly.count(), x);
        int columns = Math.max(whole.columns(), partly.columns());
        Shapes.require("sumSlices", x, x.rows(), Math.max(x.columns(), columns));
        Shapes.require("sumSlices", y, x.rows(), whole.outputs());
        Shapes.require("sumSlices", y, x.rows(), partly.outputs());
        Shapes.vector("sumSlices none", none, y.columns());
        if (residual != null) {
            Shapes.same("sumSlices residual", residual, y);
        }
        stream.sumSlices(x, routing, whole, partly, none, residual, y);
    }

    @Override
    public Routing routing() {
        return stream.routing();
    }

    @Override
    public Staying staying() {
        return stream.staying();
    }

    @Override
    public HardBudgets hardBudgets() {
        return stream.hardBudgets();
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        int group = RowOps.DOTS_GROUP;
        Shapes.require("dots weight", weight, (y.columns() + group - 1) / group * group, x.columns());
        Shapes.require("dots", y, x.rows(), y.columns());
        Shapes.vector("dots bias", bias, y.columns());
        stream.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        Shapes.require("weightGradient", dWeight, x.columns(), dy.columns());
        if (x.rows() != dy.rows()) {
            throw new IllegalArgumentException("weightGradient: rows differ: " + x.shape() + " and " + dy.shape());
        }
        stream.weightGradient(x, dy, workspace, dWeight);
    }

    // ---- values

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        Shapes.same("add", a, b);
        Shapes.same("add", a, y);
        stream.add(a, b, y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        Shapes.same("addScaled", x, y);
        stream.addScaled(x, factor, y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        Shapes.same("copy", x, y);
        stream.copy(x, y);
    }

    @Override
    public void fill(Tensor x, float value) {
        stream.fill(x, value);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return stream.sumsOfSquares(tensors);
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        Shapes.same("adamW", weight, gradient);
        Shapes.same("adamW", weight, m);
        Shapes.same("adamW", weight, v);
        stream.adamW(weight, gradient, m, v, step);
    }

    // ---- speech
}
