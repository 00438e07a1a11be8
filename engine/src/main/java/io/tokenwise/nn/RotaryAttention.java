package io.tokenwise.nn;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.tensor.Tensor;

/** {@link SelfAttention} whose queries and keys have rotary positions (Su et al. 2021). */
public record RotaryAttention(Linear qkv, Linear output, int heads, RotaryPositions positions)
        implements ProjectedAttention {
    @Override
    public int rotated() {
        return positions.rotated();
    }

    @Override
    public Tensor attend(Pass pass, Tensor projected) {
        // Queries and keys, which come Rotations.of(first.pass, projected, pass.batch().offsets(),
        // pass.batch().sequences(), positions, 2 * heads);
        return io.tokenwise.op.SelfAttention.of(
                pass, projected, pass.batch().offsets(), pass.batch().sequences(), heads);
    }
}
