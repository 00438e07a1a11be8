package io.tokenwise.nn;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.tensor.Tensor;

/**
 * Attention of a decoder over what the encoder made: of the one token that is being written, for which keys and values are computed once and kept by {@link
 * Decoding}; or, with {@link TeacherForcing}, of all tokens of the batch's texts.
 *
 * @param keysValues keys and values side by side, {@code [hidden, 2 * hidden]}
 * @param layer whose keys and values these are
 */
public record CrossAttention(Linear query, Linear keysValues, Linear output, int heads, int layer) implements Block {
    /** Makes keys and values of the encoder's rows. */
    public void read(Pass pass, Tensor frames) {
        pass.push();
        OtherAttention.toColumns(
                pass.stream(),
                keysValues.forward(pass, frames),
                0,
                pass.decoding().read(layer),
                0);
        pass.pop();
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Tensor projected = query.forward(pass, x);
        Tensor context = pass.teacherForcing() == null ? attendRead(pass, projected) : attendWhole(pass, projected);
        return output.forwardPlus(pass, context, residual);
    }

    private Tensor attendRead(Pass pass, Tensor projected) {
        Decoding decoding = pass.decoding();
        Tensor context = pass.tensor(1, projected.columns());
        OtherAttention.one(pass.stream(), projected, decoding.read(layer), decoding.frames(), heads, context);
        return context;
    }

    private Tensor attendWhole(Pass pass, Tensor projected) {
        TokenBatch texts = pass.batch();
        TeacherForcing forcing = pass.teacherForcing();
        int[] frames = forcing.recordings().offsets();
        var rows = new AttendedRows(texts.offsets(), frames, texts.sequences(), 0, heads, false);
        return OtherAttention.of(
                pass, projected, keysValues.forward(pass, forcing.frames()), rows, projected.columns());
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
