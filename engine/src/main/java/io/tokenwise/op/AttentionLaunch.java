package io.tokenwise.op;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.cuda.Bucket;
import io.tokenwise.backend.cuda.CudaDevice;
import io.tokenwise.backend.cuda.HeadWidth;
import io.tokenwise.backend.cuda.Launches;
import io.tokenwise.tensor.Tensor;

/**
 * What launches of {@link SelfAttention} and {@link OtherAttention} share: the kernels' parameters, in groups. A block takes a head of 64 queries of a sequence, in shared
 * memory for heads of up to 32, 64 or 128 columns.
 */
final class AttentionLaunch {
    private static final int BLOCK_QUERIES = 64;
    private static final int BLOCK = 128;

    private AttentionLaunch() {}

    static void columns(Launches launch, Tensor tensor, int first) {
        launch.tensor(tensor).integer(tensor.columns()).integer(first).pointer(0);
    }

    /** Units that lie side by side are told so, since a whole head is read faster than its units. */
    static void units(Launches launch, Tensor tensor, int[] starts) {
        if (AttentionLayout.areSideBySide(starts)) {
            columns(launch, tensor, starts[0]);
        } else {
            launch.tensor(tensor).integer(tensor.columns()).integer(0).table(starts);
        }
    }

    static void offsets(Launches launch, AttendedRows rows) {
        launch.offsets(rows.queryOffsets(), rows.sequences()).offsets(rows.keyOffsets(), rows.sequences());
    }

    static void head(Launches launch, int headSize, boolean causal) {
        launch.integer(headSize).floating(scale(headSize)).flag(causal);
    }

    static void keep(Launches launch, Tensor probabilities, long[] probabilityOffsets, int sequences) {
        launch.tensor(probabilities);
        if (probabilities == null) {
            launch.pointer(0);
        } else {
            launch.pointer(launch.upload(probabilityOffsets, sequences));
        }
    }

    /** Where probabilities are kept, as in training, the empty sequences of a bucket have none. */
    static int launched(Tensor probabilities, int sequences) {
        return probabilities == null ? Bucket.of(sequences) : sequences;
    }

    static void run(Launches launch, int longest, int heads, int sequences, int sharedBytes) {
        int blocks = Bucket.powerOfTwo(Launches.blocks(longest, BLOCK_QUERIES));
        launch.run(blocks, heads, sequences, BLOCK, sharedBytes);
    }

    static float scale(int headSize) {
        return (float) (1 / Math.sqrt(headSize));
    }

    /** The gradient of attention whose probabilities were kept; of one over itself queries are keysValues. */
    static void backward(
            CudaDevice cuda,
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        int headSize = dContexts.columns() / rows.heads();
        HeadWidth width = HeadWidth.of(headSize);
        long products = cuda.scratch((long) queries.rows() * rows.heads() * Float.BYTES);

        Launches ofQueries =
                cuda.kernel(width.queriesBackward).integer(queries.columns()).integer(0);
        gradient(ofQueries, keysValues, rows, headSize, probabilities, dContexts);
        ofQueries.pointer(products).tensor(dQueries);
        int mostQueries = CudaDevice.longest(rows.queryOffsets(), rows.sequences());
        run(ofQueries, mostQueries, rows.heads(), rows.sequences(), width.sharedBytes);

        Launches ofKeys = cuda.kernel(width.keysBackward)
                .tensor(queries)
                .integer(queries.columns())
                .integer(0);
        gradient(ofKeys, keysValues, rows, headSize, probabilities, dContexts);
        ofKeys.pointer(products).tensor(dKeysValues);
        int mostKeys = CudaDevice.longest(rows.keyOffsets(), rows.sequences());
        run(ofKeys, mostKeys, rows.heads(), rows.sequences(), width.sharedBytes);
    }

    private static void gradient(
            Launches launch,
            Tensor keysValues,
            AttendedRows rows,
            int headSize,
            Tensor probabilities,
            Tensor dContexts) {
        launch.tensor(keysValues)
                .integer(keysValues.columns())
                .integer(rows.keyColumn())
                .integer(rows.keyColumn() + dContexts.columns());
        offsets(launch, rows);
        head(launch, headSize, rows.causal());
        keep(launch, probabilities, rows.probabilityOffsets(), rows.sequences());
        launch.tensor(dContexts).integer(dContexts.columns());
    }
}
