package io.tokenwise.backend.cuda;

import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** {@link Stream}'s operations of speech models, but for attention, as launches; shapes are already checked. */
final class CudaSpeech {
    /** Values of a sequence of which a block of groupNormParts takes the mean and the variance. */
    private static final int GROUP_PART = 8_192;

    /** Rows and columns of the tile that a block of toColumns turns. */
    private static final int TILE = 32;

    private static final int BLOCK = 256;

    private final Launches launches;
    private final KeptTables tables;

    CudaSpeech(Launches launches, KeptTables tables) {
        this.launches = launches;
        this.tables = tables;
    }

    void samples(int[] values, Tensor y) {
        launches.kernel("copyValues")
                .ints(values, y.rows())
                .tensor(y)
                .count(y.rows())
                .runValues(y);
    }

    void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        launches.kernel("windows")
                .tensor(x)
                .offsets(offsets, sequences)
                .offsets(yOffsets, sequences)
                .integer(Bucket.of(sequences))
                .integer(width)
                .integer(step)
                .tensor(y)
                .count(y.rows())
                .integer(x.columns())
                .runRows(y.rows());
    }

    void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        long most = (long) CudaSequences.longest(offsets, sequences) * x.columns();
        int maxParts = Bucket.powerOfTwo(Math.toIntExact(Math.ceilDiv(most, GROUP_PART)));
        int groups = Bucket.of(sequences);
        long parts = launches.begin().scratch(2L * groups * maxParts * Float.BYTES);
        launches.kernel("groupNormParts")
                .tensor(x)
                .offsets(offsets, sequences)
                .pointer(parts)
                .integer(x.columns())
                .run(maxParts, groups, 1, BLOCK, 0);
        launches.kernel("groupNorm")
                .tensor(x)
                .offsets(offsets, sequences)
                .pointer(parts)
                .tensor(gamma)
                .tensor(beta)
                .floating(epsilon)
                .tensor(y)
                .integer(x.columns())
                .run(maxParts, groups, 1, BLOCK, 0);
    }

    void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        int each = heads * positions.rotated() / 2;
        launches.kernel("rotate")
                .tensor(x)
                .offsets(offsets, sequences)
                .integer(Bucket.of(sequences))
                .count(position)
                .pointer(tables.floats(positions.cosines()))
                .pointer(tables.floats(positions.sines()))
                .integer(heads)
                .integer(positions.headSize())
                .integer(positions.rotated())
                .integer(x.columns())
                .count(x.rows() * each)
                .runValues(x.rows(), each, BLOCK);
    }

    void toColumns(Tensor x, int column, Tensor cache, int at) {
        launches.kernel("toColumns")
                .tensor(x)
                .count(x.rows())
                .integer(x.columns())
                .integer(column)
                .tensor(cache)
                .integer(cache.rows())
                .integer(cache.columns())
                .count(at)
                .run(Launches.blocks(cache.rows(), TILE), Launches.blocks(Bucket.of(x.rows()), TILE), 1, BLOCK, 0);
    }
}
