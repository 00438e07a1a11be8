package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@code W2 (u * silu(g)) + b2} with {@code [u, g] = W1 x + b1} (Shazeer 2020). In inference only. */
public record GatedMlp(Linear up, Linear down) implements Block {
    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return down.forwardPlus(pass, pass.gatedSilu(up.forward(pass, x)), residual);
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
