package io.tokenwise.backend.cpu;

import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.tensor.Tensor;

/**
 * {@link Stream}'s operations on sequences of rows, cut into tasks; shapes are already checked. One caller at a time, like the stream.
 */
final class SequenceTasks {
    private final CpuDevice device;
    private final RangeJob range;
    private final AttentionJob attention;

    SequenceTasks(CpuDevice device, RangeJob range) {
        this.device = device;
        this.range = range;
        attention = device.attention();
    }

    void embeddingSum(int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        range.operands(words, positions, types);
        range.d = y.floats();
        range.integers = ids;
        range.forSequences(
                y,
                offsets,
                sequences,
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .embeddingSum(o.integers, o.offsets, o.a, o.b, 0, o.c, o.d, o.columns, from, to));
    }

    void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        range.operands(dy, dWords, dPositions);
        range.d = dTypes == null ? null : dTypes.floats();
        range.integers = ids;
        range.offsets = offsets;
        range.blocks = sequences;
        range.forColumns(
                dy,
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .embeddingSumBackward(
                                o.integers, o.offsets, o.blocks, o.a, o.b, o.c, 0, o.d, o.columns, from, to));
    }

    void patches(int[] pixels, int images, ImagePatches patches, Tensor y) {
        range.integers = pixels;
        range.patches = patches;
        range.a = y.floats();
        range.forEach(
                images,
                RangeJob.grain(y.size() / Math.max(1, images)),
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .patches(
                                o.integers, o.patches.table(), o.patches.side(), o.patches.patchSize(), o.a, from, to));
    }

    void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        range.operands(x, first, positions);
        range.d = y.floats();
        range.columns = y.columns();
        range.rows = positions.rows();
        range.forEach(
                y.rows() / positions.rows(),
                RangeJob.grain(positions.size()),
                (o, from, to, s) -> o.kernels.sequences().withFirst(o.a, o.b, o.c, o.d, o.rows, o.columns, from, to));
    }

    void withoutFirst(Tensor dy, Tensor dx, int tokens) {
        range.operands(dy, dx, null);
        range.columns = dy.columns();
        range.rows = tokens;
        range.forEach(
                dy.rows() / tokens,
                RangeJob.grain(tokens * dy.columns()),
                (o, from, to, s) -> o.kernels.sequences().withoutFirst(o.a, o.b, o.rows, o.columns, from, to));
    }

    void withFirstBackward(Tensor dy, Tensor dFirst, Tensor dPositions) {
        range.operands(dy, dFirst, dPositions);
        range.blocks = dPositions.rows();
        range.forColumns(
                dy,
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .withFirstBackward(o.a, o.b, o.c, o.blocks, o.rows / o.blocks, o.columns, from, to));
    }

    void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        pool(
                x,
                offsets,
                sequences,
                y,
                (o, from, to, s) -> o.kernels.sequences().meanPool(o.a, o.offsets, o.b, o.columns, from, to));
    }

    void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        pool(
                dx,
                offsets,
                sequences,
                dy,
                (o, from, to, s) -> o.kernels.sequences().meanPoolBackward(o.b, o.offsets, o.a, o.columns, from, to));
    }

    void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        pool(
                x,
                offsets,
                sequences,
                y,
                (o, from, to, s) -> o.kernels.sequences().firstPool(o.a, o.offsets, o.b, o.columns, from, to));
    }

    void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        pool(
                dx,
                offsets,
                sequences,
                dy,
                (o, from, to, s) -> o.kernels.sequences().firstPoolBackward(o.b, o.offsets, o.a, o.columns, from, to));
    }

    void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        attention.prepare(qkv, offsets, sequences, heads, context, probabilities);
        attention.backward = false;
        device.run(attention);
    }

    void attention(
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context) {
        attention.prepare(q, k, v, layout, offsets, sequences, heads, context);
        attention.backward = false;
        device.run(attention);
    }

    void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        attention.prepare(qkv, offsets, sequences, heads, null, probabilities);
        AttentionCall call = attention.call;
        call.dContext = dContext.floats();
        call.dQkv = dQkv.floats();
        attention.backward = true;
        device.run(attention);
    }

    private void pool(Tensor tokens, int[] offsets, int sequences, Tensor pooled, RangeJob.Body body) {
        range.operands(tokens, pooled, null);
        range.forSequences(tokens, offsets, sequences, body);
    }
}
