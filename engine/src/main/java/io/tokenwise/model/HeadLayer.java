package io.tokenwise.model;

import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Norm;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Activations;
import io.tokenwise.tensor.Tensor;

/** What a head does before its last layer; see {@link HeadForm.Layer}. The norm is null if there is none. */
record HeadLayer(Linear dense, Activation activation, Norm norm) {
    /** With zero weights. */
    static HeadLayer of(HeadForm.Layer form, int hiddenSize, LayerBuilder parts) {
        return new HeadLayer(
                parts.linear(form.dense(), hiddenSize, hiddenSize, form.bias()),
                form.activation(),
                form.norm().map(norm -> parts.norm(norm.path(), norm.form())).orElse(null));
    }

    /** {@code [rows, hidden]} of the same. */
    Tensor forward(Pass pass, Tensor x) {
        Tensor units = activation == Activation.GELU
                ? dense.forwardGelu(pass, x)
                : Activations.of(pass, dense.forward(pass, x), activation);
        if (norm == null) {
            return units;
        }
        Tensor y = pass.tensor(units.rows(), units.columns());
        norm.forward(pass, units, y);
        return y;
    }
}
