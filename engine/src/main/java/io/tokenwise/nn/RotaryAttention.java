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
    public boolean readsColumnsAnywhere() {
        return false;
    }

    @Override
    public boolean cutsQueries() {
        return true;
    }

    @Override
    public Tensor attend(Pass pass, Tensor projected) {
        // Queries and keys, which come first.
        pass.rotate(projected, pass.batch(), positions, 2 * heads);
        return pass.attention(projected, pass.batch(), heads);
    }
}
