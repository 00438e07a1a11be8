package io.tokenwise.backend;

import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;

/** A matrix product, or an MLP of two, cut into blocks of rows, one task each. */
final class OneDnnJob extends Job {
    /** Bytes of sums that a block should at most make. More rows use each weight more often; 64 rows of 1,536 sums still fit the second-level cache. */
    private static final int SUM_BYTES = 400 * 1024;

    /** Rows that a task should at least have when there are threads to share them: fewer read all weights for too little work. */
    private static final int LEAST_ROWS = 8;

    Floats x;
    Floats y;
    OneDnnMatrix weight;
    Floats bias;
    boolean gelu;
    Floats residual;

    /** The second matrix of an MLP, or null. */
    OneDnnMatrix down;

    Floats downBias;
    private int[] rows;
    private int count;
    private int blockRows;
    private final OneDnnBackend backend;
    private final WorkerPool pool;

    OneDnnJob(OneDnnBackend backend, WorkerPool pool) {
        this.backend = backend;
        this.pool = pool;
    }

    /** Runs over the first {@code rowCount} entries of rows, or all rows from 0 if that is null. */
    void run(int[] newRows, int rowCount, Scratch scratch) {
        if (rowCount == 0) {
            return;
        }
        rows = newRows;
        count = rowCount;
        int widest = down == null ? weight.outputs() : Math.max(weight.outputs(), down.outputs());
        int most = Math.clamp(SUM_BYTES / (Float.BYTES * widest), LEAST_ROWS, OneDnnBuffers.ROWS);
        int share = Math.max(LEAST_ROWS, (count + pool.threads() - 1) / pool.threads());
        int tasks = (count + Math.min(most, share) - 1) / Math.min(most, share);
        blockRows = (count + tasks - 1) / tasks;
        pool.run(this, (count + blockRows - 1) / blockRows, scratch);
    }

    /** Row of x and y that is the job's row {@code index}. */
    int row(int index) {
        return rows == null ? index : rows[index];
    }

    @Override
    void run(int task, Scratch scratch) {
        int from = task * blockRows;
        int block = Math.min(count - from, blockRows);
        OneDnnBuffers buffers = backend.borrow();
        try {
            if (down == null) {
                buffers.linear(this, from, block);
            } else {
                buffers.mlp(this, from, block);
            }
        } finally {
            backend.giveBack(buffers);
        }
    }
}
