package io.tokenwise.kernels;

/**
 * Operations that speech models have besides those of other transformers: convolutions of sound as products of windows, positions by rotation, and
 * attention of one query at a time over what was kept. Offsets are those of {@link SequenceOps}.
 */
public interface SpeechOps {
    /** Tokens that {@link #attendOne} takes at a time: four of the widest vectors, sums that do not wait for each other. */
    int STEP = 64;

    /**
     * What a convolution multiplies: row r of a sequence of y is the {@code width} rows of x from its row {@code r * step} on, one after the other. y is
     * {@code [windows, width * columns]}, and its sequences lie at {@code yOffsets}; every window must lie within its sequence of x.
     */
    void windows(Floats x, int[] offsets, int columns, int width, int step, Floats y, int[] yOffsets, int from, int to);

    /**
     * Group normalisation (Wu and He 2018) with one group: all values of a sequence are brought to mean 0 and variance 1, then each column is scaled by
     * gamma and shifted by beta. y may be x.
     */
    void groupNorm(
            Floats x, int[] offsets, Floats gamma, Floats beta, float epsilon, Floats y, int columns, int from, int to);

    /**
     * Gradient of {@link #windows}: each row of a sequence of dx is the sum of what the windows that hold it have in its place, the first window first; 0 if
     * none does.
     */
    void windowsBackward(
            Floats dy, int[] yOffsets, int columns, int width, int step, Floats dx, int[] offsets, int from, int to);

    /**
     * Group normalisation (Wu and He 2018) with a group for each column: of the columns {@code from} to {@code to} of each sequence the values are brought to
     * mean 0 and variance 1, then scaled by gamma and shifted by beta. Sums are compensated (Kahan 1965), since a second of sound has thousands of rows. y may
     * be x.
     */
    void channelNorm(
            Floats x,
            int[] offsets,
            int sequences,
            Floats gamma,
            Floats beta,
            float epsilon,
            Floats y,
            int columns,
            int from,
            int to);

    /**
     * What a convolution that keeps the number of rows multiplies, of {@code count} columns from column {@code first} on: row r of y, from {@code from} to
     * {@code to}, is the {@code width} rows of x from row {@code r - width / 2} on, one after the other, those outside of r's sequence 0. y is {@code [rows,
     * width * count]}.
     */
    void paddedWindows(
            Floats x, int[] offsets, int columns, int first, int count, int width, Floats y, int from, int to);

    /**
     * Gradient of {@link #paddedWindows}: writes the {@code count} columns from column {@code first} on of the rows {@code from} to {@code to} of dx, each the
     * sum of what the windows that hold it have in its place, the first window first.
     */
    void paddedWindowsBackward(
            Floats dy, int[] offsets, int columns, int first, int count, int width, Floats dx, int from, int to);

    /**
     * Of the rows {@code from} to {@code to} {@code count} columns: {@code y[r, yFirst + c] = x[r, xFirst + c]}.
     *
     * @param xColumns of all columns of x, like yColumns
     */
    void copyColumns(
            Floats x, int xColumns, int xFirst, Floats y, int yColumns, int yFirst, int count, int from, int to);

    /**
     * Rotary positions (Su et al. 2021, equation 34), in place: of each of the first {@code heads} heads of a row, side by side from its first column on,
     * columns 2i and 2i + 1 of the first {@code rotated} are turned as a pair: {@code x[c] = x[c] * cosines[p, c] + x[c ^ 1] * sines[p, c]}, p being
     * {@code position} for the first token of a sequence, and each row's own where there are places. Of the rows {@code from} to {@code to}.
     *
     * @param places null, or one for each row
     * @param cosines {@code [positions, rotated]}, each angle's twice
     * @param sines the same, with a minus at even columns
     */
    void rotate(
            Floats x,
            int columns,
            int[] offsets,
            int position,
            int[] places,
            float[] cosines,
            float[] sines,
            int heads,
            int headSize,
            int rotated,
            int from,
            int to);

    /**
     * {@link #rotate} with the pairs half of the rotated columns apart, as most models since GPT-NeoX have them: {@code x[c] = x[c] * cosines[p, c] + x[(c +
     * rotated / 2) % rotated] * sines[p, c]}.
     *
     * @param cosines {@code [positions, rotated]}, each angle's twice, in both halves
     * @param sines the same, with a minus in the first half
     */
    void rotateHalves(
            Floats x,
            int columns,
            int[] offsets,
            int position,
            int[] places,
            float[] cosines,
            float[] sines,
            int heads,
            int headSize,
            int rotated,
            int from,
            int to);

    /**
     * Keeps rows for {@link #attendOne}: {@code cache[c, at + r] = x[r, column + c]} for the rows of x {@code [rows, columns]} and as many columns as the
     * cache {@code [count, stride]} has rows.
     */
    void toColumns(Floats x, int rows, int columns, int column, Floats cache, int count, int stride, int at);

    /**
     * Attention (Vaswani et al. 2017, equation 1) of one query over {@code length} tokens, for the heads {@code from} to {@code to}. Tokens lie side by
     * side, since a vector of them needs no sums across lanes, whatever the size of a head.
     *
     * @param query {@code [1, heads * headSize]}, like context, another row
     * @param keys {@code [heads * headSize, stride]}, like values; stride is a multiple of {@link #STEP}, and what follows the tokens is finite
     */
    void attendOne(
            Floats query,
            Floats keys,
            Floats values,
            int stride,
            int length,
            int headSize,
            float scale,
            Floats context,
            int from,
            int to,
            Scratch scratch);

    /**
     * Attention (Vaswani et al. 2017, equation 1) of the queries of one sequence over keys and values of other rows, or, causally, over those of the
     * rows up to their own, of one head: writes contexts and probabilities.
     */
    void attend(AttendCall call, int sequence, int head);

    /** Gradient of {@link #attend}: writes the head's columns of the gradients of queries, keys and values for the sequence's rows. */
    void attendBackward(AttendCall call, int sequence, int head, Scratch scratch);

    /** The operands of {@link #attend}; plain fields, so that one object serves many calls. */
    final class AttendCall {
        /** From the first of {@link #queryStride} columns on. */
        public Floats queries;

        public int queryStride;

        /** Keys from {@link #keyColumn} of {@link #keyStride} columns on, values after them. */
        public Floats keysValues;

        public int keyStride;
        public int keyColumn;
        public int[] queryOffsets;
        public int[] keyOffsets;
        public int heads;
        public int headSize;
        public float scale;
        public boolean causal;

        /** {@code [queries, heads * headSize]}. */
        public Floats contexts;

        /** For each sequence, at {@code probabilityOffsets[i]}, {@code [heads, queries, keys]}. */
        public Floats probabilities;

        public long[] probabilityOffsets;
        public Floats dContexts;

        /** Like the queries; may be the same memory as {@link #dKeysValues} where the columns differ. */
        public Floats dQueries;

        public Floats dKeysValues;

        int queries(int sequence) {
            return queryOffsets[sequence + 1] - queryOffsets[sequence];
        }

        int keys(int sequence) {
            return keyOffsets[sequence + 1] - keyOffsets[sequence];
        }

        long query(int sequence, int head, int i) {
            return (long) (queryOffsets[sequence] + i) * queryStride + (long) head * headSize;
        }

        long key(int sequence, int head, int j) {
            return (long) (keyOffsets[sequence] + j) * keyStride + keyColumn + (long) head * headSize;
        }

        long value(int sequence, int head, int j) {
            return key(sequence, head, j) + (long) heads * headSize;
        }

        long context(int sequence, int head, int i) {
            return ((long) (queryOffsets[sequence] + i) * heads + head) * headSize;
        }

        long probabilityRow(int sequence, int head, int i) {
            return probabilityOffsets[sequence] + ((long) head * queries(sequence) + i) * keys(sequence);
        }
    }
}
