package io.tokenwise.model;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;

/** One of sentence-transformers' dense layers; see {@link VectorStep.Dense}. The projection is null unless what is read is added in another width. */
record DenseLayer(VectorStep.Dense form, Linear linear, Linear projection) {
    /** With zero weights. */
    static DenseLayer of(VectorStep.Dense form, int width, LayerBuilder parts) {
        boolean projected = form.residual() && form.outputs() != width;
        return new DenseLayer(
                form,
                parts.linear(form.tensors(), width, form.outputs(), form.bias()),
                projected ? parts.linear(form.folder() + "/residual", width, form.outputs(), false) : null);
    }

    /** {@code [rows, outputs]} of {@code [rows, width]}. */
    Tensor forward(Pass pass, Tensor x) {
        Tensor y = linear.forward(pass, x);
        if (form.activation().isPresent()) {
            y = Activations.of(pass, y, form.activation().get());
        }
        if (projection != null) {
            return projection.forwardPlus(pass, x, y);
        }
        return form.residual() ? Sums.of(pass, y, x) : y;
    }

    void prepare(Stream stream) {
        linear.weight().prepare(stream);
        if (projection != null) {
            projection.weight().prepare(stream);
        }
    }

    /** Multiply-adds for one row. */
    long flops() {
        return linear.flopsPerToken() + (projection == null ? 0 : projection.flopsPerToken());
    }
}
