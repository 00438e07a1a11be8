package io.tokenwise.nn;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.Rotations;
import io.tokenwise.tensor.Tensor;

/**
 * Causal self-attention of a decoder with rotary positions: for the one token that is being written, over the keys and values of all tokens before it,
 * which {@link Decoding} keeps; or, with {@link TeacherForcing}, for all tokens of the batch's texts.
 *
 * @param layer whose keys and values these are
 */
public record CachedAttention(Linear qkv, Linear output, int heads, RotaryPositions positions, int layer)
        implements ProjectedAttention {
    private static final int[] ONE_TOKEN = {0, 1};

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
        int hidden = projected.columns() / 3;
        return pass.teacherForcing() == null
                ? attendWritten(pass, projected, hidden)
                : attendWhole(pass, projected, hidden);
    }

    private Tensor attendWhole(Pass pass, Tensor projected, int hidden) {
        TokenBatch texts = pass.batch();
        Rotations.of(pass, projected, texts.offsets(), texts.sequences(), null, positions, 2 * heads);
        var rows = new AttendedRows(texts.offsets(), texts.offsets(), texts.sequences(), hidden, heads, true);
        return OtherAttention.of(pass, projected, projected, rows, hidden);
    }

    private Tensor attendWritten(Pass pass, Tensor projected, int hidden) {
        Stream stream = pass.stream();
        Decoding decoding = pass.decoding();
        Rotations.forward(stream, projected, ONE_TOKEN, 1, decoding.position(), positions, 2 * heads);
        Tensor cache = decoding.written(layer);
        OtherAttention.toColumns(stream, projected, hidden, cache, decoding.position());
        Tensor context = pass.tensor(1, hidden);
        OtherAttention.one(stream, projected.part(0, hidden), cache, decoding.position() + 1, heads, context);
        return context;
    }
}
