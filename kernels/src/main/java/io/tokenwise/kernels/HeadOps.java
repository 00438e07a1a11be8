package io.tokenwise.kernels;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;

/**
 * What attention of a head needs around two products of bfloat16, {@code S = Q K^T} and {@code P V}, whose sums are floats: rows on their way into the
 * narrow type, softmax between the products, and the way out. Narrow values and sums are dense rows from the beginning of their memory on.
 */
public interface HeadOps {
    /** Heads have a multiple of so many columns, and rows of scores too. */
    int STEP = 16;

    /** Copies a head's columns of some tokens. */
    void gather(HeadColumns from, int head, int token, int rows, MemorySegment target);

    /** Writes a head's columns of some tokens, rounded to nearest, ties to even, and zeros behind them up to row {@code end}. */
    void toBfloat16(HeadColumns from, int head, int token, int rows, int end, MemorySegment target, Scratch scratch);

    /**
     * Softmax of the scores of some queries of a sequence. Writes {@code weights[r, j] = e^((S[r, j] - max_r) * scale)}, rounded to nearest, with 0 for keys
     * that a query does not see, and {@code 1 / the sum of a row's weights}, as they are before they are rounded, to inverses. S may be overwritten.
     *
     * @param first the sequence's first row of all
     * @param length the sequence's rows
     * @param query the first of the queries, counted from {@code first}
     * @param rows queries
     * @param from the key of column 0 of S
     * @param columns of S and weights; those behind the sequence's end are not seen
     */
    void softmax(
            AttentionCall call,
            int first,
            int length,
            int query,
            int rows,
            int from,
            int columns,
            MemorySegment scores,
            MemorySegment weights,
            float[] inverses);

    /** Copies rows to a head's columns of some tokens. */
    void scatter(MemorySegment from, HeadColumns to, int head, int token, int rows);

    /** {@code y = factors[r] * sums[r]} for a head's columns of some tokens; the sums may be overwritten. */
    void scaled(MemorySegment sums, float[] factors, HeadColumns y, int head, int token, int rows);
}
