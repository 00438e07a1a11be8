package io.tokenwise.backend.cuda;

import io.tokenwise.tensor.Tensor;

/**
 * Gates of one stream that read the same rows, such as those of Q with K and of V with O, in one launch: each that comes right after another one takes its launch back, while nothing else has been
 * told, and tells one that does the work of both.
 */
final class GateLaunch {
    /** As many 8-byte words as the kernel's Gate has. */
    static final int WORDS = 16;

    /** Where in them the choice lies, by which a routing is known. */
    private static final int CHOICE = 5;

    /** Q, K, V and O. */
    private static final int MOST = 4;

    private static final int BLOCK = 1_024;

    /** Rows that a block takes. */
    private static final int BLOCK_ROWS = 32;

    private final Launches launches;
    private final long[] words = new long[MOST * WORDS];
    private int count;

    // ---- what the last launch was of, and what had been told with it

    private long rowsFrom;
    private int rows;
    private CudaHardBudgets budgets;
    private boolean isFresh;
    private boolean mayGrow;
    private long told;

    GateLaunch(Launches launches) {
        this.launches = launches;
    }

    /**
     * Tells the device to ask a gate.
     *
     * @param gate its words
     * @param x the rows
     * @param newBudgets null if no text is bound
     * @param logits null if it writes nothing but its routing, so that others may be asked with it
     */
    void launch(long[] gate, Tensor x, CudaHardBudgets newBudgets, Tensor logits) {
        boolean mayJoin = logits == null;
        boolean joins = mayJoin && mayGrow && isOfTheSame(x, newBudgets) && !isAsked(gate) && launches.takeBack(told);
        if (!joins) {
            count = 0;
            rowsFrom = launches.address(x);
            rows = x.rows();
            budgets = newBudgets;
            isFresh = budgets != null && budgets.takeFresh();
        }
        System.arraycopy(gate, 0, words, count++ * WORDS, WORDS);
        // Not before it is told: what is thrown until then leaves nothing that could be taken back.
        mayGrow = false;
        launches.kernel("gate").onlyWrites(logits).tensor(x).pointer(launches.upload(words, count * WORDS));
        if (budgets == null) {
            launches.pointer(0).pointer(0).integer(0);
        } else {
            budgets.tell();
        }
        launches.flag(isFresh)
                .count(rows)
                .integer(x.columns())
                .run(Launches.blocks(Bucket.of(rows), BLOCK_ROWS), count, 1, BLOCK, 0);
        told = launches.told();
        mayGrow = mayJoin && count < MOST && rows > 0;
    }

    private boolean isOfTheSame(Tensor x, CudaHardBudgets newBudgets) {
        return rowsFrom == launches.address(x) && rows == x.rows() && budgets == newBudgets;
    }

    /** Whether the routing is one of the last launch's: it would be written twice. */
    private boolean isAsked(long[] gate) {
        for (int i = 0; i < count; i++) {
            if (words[i * WORDS + CHOICE] == gate[CHOICE]) {
                return true;
            }
        }
        return false;
    }
}
