package io.tokenwise.backend.cuda;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/**
 * {@link Stream}'s attention and its gradients as launches; shapes are already checked. A block takes a head of 64 queries of a sequence, in shared memory for heads
 * of up to 32, 64 or 128 columns.
 */
final class CudaAttention {
    private static final int BLOCK_QUERIES = 64;
    private static final int BLOCK = 128;

    private final Launches launches;
    private final KeptTables tables;
    private final boolean onTensorCores;

    /** @param onTensorCores whether inference multiplies in bfloat16; what keeps probabilities, as training does, never does */
    CudaAttention(Launches launches, KeptTables tables, boolean onTensorCores) {
        this.launches = launches;
        this.tables = tables;
        this.onTensorCores = onTensorCores;
    }

    void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        int hidden = context.columns();
        int headSize = hidden / heads;
        HeadWidth width = HeadWidth.of(headSize);
        boolean narrow = onTensorCores && probabilities == null;
        launches.kernel(narrow ? width.bf16 : width.f32);
        columns(qkv, 0);
        columns(qkv, hidden);
        columns(qkv, 2 * hidden);
        launches.offsets(offsets, sequences).offsets(offsets, sequences);
        head(headSize, false);
        launches.tensor(context).integer(hidden).pointer(0);
        if (!narrow) {
            keep(probabilities, probabilities == null ? null : selfOffsets(offsets, sequences, heads), sequences);
        }
        run(
                CudaSequences.longest(offsets, sequences),
                heads,
                launched(probabilities, sequences),
                narrow ? width.bf16SharedBytes : width.sharedBytes);
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
        int headSize = layout.columns() / heads;
        HeadWidth width = HeadWidth.of(headSize);
        launches.kernel(onTensorCores ? width.bf16 : width.f32);
        units(q, layout.query());
        units(k, layout.key());
        units(v, layout.value());
        launches.offsets(offsets, sequences).offsets(offsets, sequences);
        head(headSize, false);
        launches.tensor(context).integer(context.columns()).pointer(tables.ints(layout.context()));
        if (!onTensorCores) {
            keep(null, null, sequences);
        }
        run(
                CudaSequences.longest(offsets, sequences),
                heads,
                launched(null, sequences),
                onTensorCores ? width.bf16SharedBytes : width.sharedBytes);
    }

    void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        var rows = new AttendedRows(offsets, offsets, sequences, dContext.columns(), heads, false);
        attendBackward(qkv, qkv, rows, probabilities, dContext, dQkv, dQkv);
    }

    void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        int hidden = contexts.columns();
        int headSize = hidden / rows.heads();
        HeadWidth width = HeadWidth.of(headSize);
        launches.kernel(width.f32);
        columns(queries, 0);
        columns(keysValues, rows.keyColumn());
        columns(keysValues, rows.keyColumn() + hidden);
        offsets(rows);
        head(headSize, rows.causal());
        launches.tensor(contexts).integer(hidden).pointer(0);
        keep(probabilities, rows.probabilityOffsets(), rows.sequences());
        int most = CudaSequences.longest(rows.queryOffsets(), rows.sequences());
        run(most, rows.heads(), launched(probabilities, rows.sequences()), width.sharedBytes);
    }

    void attendBackward(
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        int headSize = dContexts.columns() / rows.heads();
        HeadWidth width = HeadWidth.of(headSize);
        long products = launches.begin().scratch((long) queries.rows() * rows.heads() * Float.BYTES);
        int sharedBytes = width.sharedBytes;

        launches.kernel(width.queriesBackward).integer(queries.columns()).integer(0);
        gradient(keysValues, rows, headSize, probabilities, dContexts);
        launches.pointer(products).tensor(dQueries);
        int mostQueries = CudaSequences.longest(rows.queryOffsets(), rows.sequences());
        run(mostQueries, rows.heads(), rows.sequences(), sharedBytes);

        launches.kernel(width.keysBackward);
        launches.tensor(queries).integer(queries.columns()).integer(0);
        gradient(keysValues, rows, headSize, probabilities, dContexts);
        launches.pointer(products).tensor(dKeysValues);
        int mostKeys = CudaSequences.longest(rows.keyOffsets(), rows.sequences());
        run(mostKeys, rows.heads(), rows.sequences(), sharedBytes);
    }

    /** The length is told by device memory, so that it may change where the launch does not. */
    void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        int headSize = query.columns() / heads;
        launches.kernel("attendOne")
                .tensor(query)
                .tensor(cache)
                .integer(cache.columns())
                .count(length)
                .integer(headSize)
                .floating(scale(headSize))
                .tensor(context)
                .run(heads, 1, 1, BLOCK, cache.columns() * Float.BYTES);
    }

    // ---- the kernels' parameters, in groups

    private void columns(Tensor tensor, int first) {
        launches.tensor(tensor).integer(tensor.columns()).integer(first).pointer(0);
    }

    /** Units that lie side by side are told so, since a whole head is read faster than its units. */
    private void units(Tensor tensor, int[] starts) {
        if (AttentionLayout.areSideBySide(starts)) {
            columns(tensor, starts[0]);
        } else {
            launches.tensor(tensor).integer(tensor.columns()).integer(0).pointer(tables.ints(starts));
        }
    }

    private void offsets(AttendedRows rows) {
        launches.offsets(rows.queryOffsets(), rows.sequences()).offsets(rows.keyOffsets(), rows.sequences());
    }

    private void head(int headSize, boolean causal) {
        launches.integer(headSize).floating(scale(headSize)).flag(causal);
    }

    private void keep(Tensor probabilities, long[] probabilityOffsets, int sequences) {
        launches.tensor(probabilities);
        if (probabilities == null) {
            launches.pointer(0);
        } else {
            launches.pointer(launches.upload(probabilityOffsets, sequences));
        }
    }

    /** Where probabilities are kept, as in training, the empty sequences of a bucket have none. */
    private static int launched(Tensor probabilities, int sequences) {
        return probabilities == null ? Bucket.of(sequences) : sequences;
    }

    private void gradient(Tensor keysValues, AttendedRows rows, int headSize, Tensor probabilities, Tensor dContexts) {
        launches.tensor(keysValues)
                .integer(keysValues.columns())
                .integer(rows.keyColumn())
                .integer(rows.keyColumn() + dContexts.columns());
        offsets(rows);
        head(headSize, rows.causal());
        keep(probabilities, rows.probabilityOffsets(), rows.sequences());
        launches.tensor(dContexts).integer(dContexts.columns());
    }

    private void run(int longest, int heads, int sequences, int sharedBytes) {
        int blocks = Bucket.powerOfTwo(Launches.blocks(longest, BLOCK_QUERIES));
        launches.run(blocks, heads, sequences, BLOCK, sharedBytes);
    }

    private static long[] selfOffsets(int[] offsets, int sequences, int heads) {
        return new AttendedRows(offsets, offsets, sequences, 0, heads, false).probabilityOffsets();
    }

    private static float scale(int headSize) {
        return (float) (1 / Math.sqrt(headSize));
    }
}
