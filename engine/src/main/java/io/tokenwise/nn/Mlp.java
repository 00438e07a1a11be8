package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@code W2 gelu(W1 x + b1) + b2}. */
public record Mlp(Linear up, Linear down) implements Block {
    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return down.forwardPlus(pass, up.forwardGelu(pass, x), residual);
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
