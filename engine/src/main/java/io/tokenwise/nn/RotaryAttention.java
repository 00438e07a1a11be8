package io.tokenwise.nn;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link SelfAttention} whose queries and keys have rotary positions (Su et al. 2021). */
public record RotaryAttention(Linear qkv, Linear output, int heads, RotaryPositions positions) implements Block {
    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Tensor projected = qkv.forward(pass, x);
        // Queries and keys, which come first.
        pass.rotate(projected, pass.batch(), positions, 2 * heads);
        return output.forwardPlus(pass, pass.attention(projected, pass.batch(), heads), residual);
    }

    @Override
    public void prepare(Stream stream) {
        qkv.weight().prepare(stream);
        output.weight().prepare(stream);
    }

    @Override
    public double flopsPerToken(double share) {
        return qkv.flopsPerToken() + output.flopsPerToken();
    }
}
