package io.tokenwise.nn;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.tensor.Tensor;

/**
 * Multi-head self-attention (Vaswani et al. 2017, section 3.2.2) over the texts of the pass's batch.
 *
 * @param rotary by which queries and keys are turned; null unless the form has such positions
 */
public record Attention(Linear qkv, Linear output, AttentionForm form, RotaryPositions rotary)
        implements ProjectedAttention {
    /** @throws IllegalArgumentException if there is no operation yet for what the form asks */
    public Attention {
        if (form.keyHeads() != form.heads()) {
            throw lacking("fewer heads of keys and values than of queries");
        }
        if ((float) form.scale() != (float) AttentionForm.usualScale(form.headSize())) {
            throw lacking("scores scaled by " + form.scale());
        }
        if (form.headNorm().isPresent()) {
            throw lacking("norms of queries and keys");
        }
        if (form.before() != AttentionForm.ALL || form.after() != AttentionForm.ALL) {
            throw lacking("a window, or tokens that do not see those after them");
        }
        switch (form.positions()) {
            case Positions.None _ -> {}
            case Positions.Rotary some -> {
                if (some.halves() || some.frequencyFactors().length > 0) {
                    throw lacking("rotary positions of halves, or of scaled frequencies");
                }
            }
            case Positions.Slopes _ -> throw lacking("slopes");
            case Positions.Buckets _ -> throw lacking("position buckets");
        }
    }

    private static IllegalArgumentException lacking(String what) {
        return new IllegalArgumentException("attention with " + what + " is not supported yet");
    }

    /** Without positions, over all tokens. */
    public static Attention plain(Linear qkv, Linear output, int heads) {
        return new Attention(
                qkv, output, AttentionForm.plain(heads, output.weight().inputs() / heads), null);
    }

    @Override
    public int heads() {
        return form.heads();
    }

    @Override
    public int rotated() {
        return rotary == null ? 0 : rotary.rotated();
    }

    @Override
    public boolean readsColumnsAnywhere() {
        return rotary == null;
    }

    @Override
    public Tensor attend(Pass pass, Tensor projected) {
        if (rotary != null) {
            // Queries and keys, which come first.
            pass.rotate(projected, pass.batch(), rotary, 2 * heads());
        }
        return pass.attention(projected, pass.batch(), heads());
    }
}
