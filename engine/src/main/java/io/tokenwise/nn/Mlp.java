package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@code W2 gelu(W1 x + b1) + b2}. */
public record Mlp(Linear up, Linear down) implements Block {
    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        if (pass.tape() != null) {
            return down.forwardPlus(pass, up.forwardGelu(pass, x), residual);
        }
        Tensor y = pass.tensor(x.rows(), down.weight().outputs());
        pass.push();
        Tensor units = pass.tensor(x.rows(), up.weight().outputs());
        pass.stream()
                .mlp(
                        x,
                        null,
                        x.rows(),
                        up.weight().packed(pass.stream()),
                        up.bias().value(),
                        down.weight().packed(pass.stream()),
                        down.bias().value(),
                        residual,
                        units,
                        y);
        pass.pop();
        return y;
    }

    @Override
    public void prepare(Stream stream) {
        up.weight().prepare(stream);
        down.weight().prepare(stream);
    }

    @Override
    public double flopsPerToken(double share) {
        return up.flopsPerToken() + down.flopsPerToken();
    }
}
