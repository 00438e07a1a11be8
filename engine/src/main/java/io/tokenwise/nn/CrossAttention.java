package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * Attention of a decoder's one token over what the encoder made, whose keys and values are computed once and kept by {@link Decoding}. In inference
 * only.
 *
 * @param keysValues keys and values side by side, {@code [hidden, 2 * hidden]}
 * @param layer whose keys and values these are
 */
public record CrossAttention(Linear query, Linear keysValues, Linear output, int heads, int layer) implements Block {
    /** Makes keys and values of the encoder's rows. */
    public void read(Pass pass, Tensor frames) {
        pass.push();
        pass.stream()
                .toColumns(keysValues.forward(pass, frames), 0, pass.decoding().read(layer), 0);
        pass.pop();
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Decoding decoding = pass.decoding();
        Tensor projected = query.forward(pass, x);
        Tensor context = pass.tensor(1, x.columns());
        pass.stream().attendOne(projected, decoding.read(layer), decoding.frames(), heads, context);
        return output.forwardPlus(pass, context, residual);
    }

    @Override
    public void prepare(Stream stream) {
        query.weight().prepare(stream);
        keysValues.weight().prepare(stream);
        output.weight().prepare(stream);
    }

    /** Of a token that is written; keys and values are made once for each frame. */
    @Override
    public double flopsPerToken(double share) {
        return query.flopsPerToken() + output.flopsPerToken();
    }
}
