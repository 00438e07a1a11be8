package io.tokenwise.backend.cuda;

import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s operations on sequences of rows, but for attention, as launches; shapes are already checked. */
final class CudaSequences {
    /** Rows, and columns, that a block takes of a matrix where a grid is cut along both. */
    private static final int BLOCK_ROWS = 4;

    private static final int BLOCK_COLUMNS = 128;

    private static final int POOLED_COLUMNS = 32;

    private final Launches launches;
    private final KeptTables tables;

    CudaSequences(Launches launches, KeptTables tables) {
        this.launches = launches;
        this.tables = tables;
    }

    /** The rows of the longest sequence. */
    static int longest(int[] offsets, int sequences) {
        int most = 0;
        for (int i = 0; i < sequences; i++) {
            most = Math.max(most, offsets[i + 1] - offsets[i]);
        }
        return most;
    }

    void embeddingSum(int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        launches.kernel("embeddingSum")
                .ints(ids, y.rows())
                .offsets(offsets, sequences)
                .integer(Bucket.of(sequences))
                .tensor(words)
                .tensor(positions)
                .tensor(types)
                .tensor(y)
                .count(y.rows())
                .integer(y.columns())
                .runRows(y.rows());
    }

    void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        launches.kernel("embeddingWordsBackward")
                .ints(ids, dy.rows())
                .tensor(dy)
                .tensor(dWords)
                .integer(dy.rows())
                .integer(dy.columns());
        runTiles(dy.rows(), dy.columns());
        int positions = longest(offsets, sequences);
        launches.kernel("embeddingPositionsBackward")
                .offsets(offsets, sequences)
                .integer(sequences)
                .tensor(dy)
                .tensor(dPositions)
                .integer(positions)
                .integer(dy.columns());
        runTiles(positions, dy.columns());
        if (dTypes != null) {
            CudaRows.addColumnSums(launches, dy, dTypes);
        }
    }

    void patches(int[] pixels, int images, ImagePatches patches, Tensor y) {
        int ofImage = patches.imageSize() * patches.imageSize();
        int count = images * ofImage;
        launches.kernel("patches")
                .pointer(launches.upload(pixels, count, Math.multiplyExact(Bucket.of(images), ofImage)))
                .pointer(tables.floats(patches.table()))
                .integer(patches.side())
                .integer(patches.patchSize())
                .tensor(y)
                .count(count)
                .runValues(images, ofImage, 256);
    }

    void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        launches.kernel("withFirst")
                .tensor(x)
                .tensor(first)
                .tensor(positions)
                .tensor(y)
                .count(y.rows())
                .integer(positions.rows())
                .integer(y.columns())
                .runRows(y.rows());
    }

    void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        int tokens = dPositions.rows();
        launches.kernel("withFirstBackward")
                .tensor(dy)
                .tensor(dx)
                .tensor(dFirst)
                .tensor(dPositions)
                .integer(dy.rows() / tokens)
                .integer(tokens)
                .integer(dy.columns());
        runTiles(tokens, dy.columns());
    }

    void takeRows(Tensor x, int[] rows, Tensor y) {
        launches.kernel("takeRows").tensor(x).ints(rows, y.rows());
        runTaking(y);
    }

    void takeRowsBackward(Tensor dy, int[] rows, Tensor dx) {
        putRows(dy, rows, dy.rows(), dx);
    }

    void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        launches.kernel("meanPool")
                .tensor(x)
                .offsets(offsets, sequences)
                .tensor(y)
                .integer(x.columns())
                .run(Launches.blocks(x.columns(), POOLED_COLUMNS), Bucket.of(sequences), 1, 256, 0);
    }

    void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        launches.kernel("meanPoolBackward")
                .tensor(dy)
                .offsets(offsets, sequences)
                .integer(sequences)
                .tensor(dx)
                .integer(dx.rows())
                .integer(dx.columns())
                .runRows(dx.rows());
    }

    void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        launches.kernel("takeRows").tensor(x).offsets(offsets, sequences);
        runTaking(y);
    }

    void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        putRows(dy, offsets, sequences, dx);
    }

    private void runTaking(Tensor y) {
        launches.tensor(y).count(y.rows()).integer(y.columns()).runRows(y.rows());
    }

    /** The rows that x gives to y; all others of y are 0. */
    private void putRows(Tensor x, int[] taken, int count, Tensor y) {
        launches.zero(launches.address(y), (long) y.size() * Float.BYTES);
        launches.kernel("putRows")
                .tensor(x)
                .ints(taken, count)
                .tensor(y)
                .integer(count)
                .integer(y.columns())
                .runRows(count);
    }

    private void runTiles(int rows, int columns) {
        launches.run(Launches.blocks(rows, BLOCK_ROWS), Launches.blocks(columns, BLOCK_COLUMNS), 1, 128, 0);
    }
}
