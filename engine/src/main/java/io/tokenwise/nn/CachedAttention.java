package io.tokenwise.nn;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * Causal self-attention of a decoder, for the one token that is being written: with rotary positions, over the keys and values of all tokens before it,
 * which {@link Decoding} keeps. In inference only.
 *
 * @param layer whose keys and values these are
 */
public record CachedAttention(Linear qkv, Linear output, int heads, RotaryPositions positions, int layer)
        implements Block {
    private static final int[] ONE_TOKEN = {0, 1};

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Stream stream = pass.stream();
        Decoding decoding = pass.decoding();
        int hidden = x.columns();
        Tensor projected = qkv.forward(pass, x);
        stream.rotate(projected, ONE_TOKEN, 1, decoding.position(), positions, 2 * heads);
        Tensor cache = decoding.written(layer);
        stream.toColumns(projected, hidden, cache, decoding.position());
        Tensor context = pass.tensor(1, hidden);
        stream.attendOne(projected.part(0, hidden), cache, decoding.position() + 1, heads, context);
        return output.forwardPlus(pass, context, residual);
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
