package io.tokenwise.backend.onednn;

import io.tokenwise.backend.cpu.Job;
import io.tokenwise.backend.cpu.WorkerPool;
import io.tokenwise.kernels.Scratch;

/**
 * One block, of all rows of a job, that threads share step by step: some columns of a product each, some rows of what lies between. So few rows read each
 * weight once, where a block for each thread would read all of them.
 */
final class SharedBlock extends Job {
    /** Rows that are shared at most: of more each thread has enough to do with the weights that it reads, and sums are better where they were made. */
    static final int MOST_ROWS = 64;

    /**
     * What takes as long as it costs to hand a share to one more thread, which looks for it already: multiply-adds of a product, and values of rows.
     * Work w is done soonest by the square root of w / c threads, since w / n + c n is least there.
     */
    private static final long PRODUCTS = 500_000;

    private static final long VALUES = 1_024;

    private final OneDnnBackend backend;
    private final WorkerPool pool;
    private OneDnnJob job;
    private OneDnnBuffers buffers;
    private Step step;
    private int shares;

    SharedBlock(OneDnnBackend backend, WorkerPool pool) {
        this.backend = backend;
        this.pool = pool;
    }

    /** Runs all steps. */
    void run(OneDnnJob all, Scratch scratch) {
        job = all;
        buffers = backend.buffers().borrow();
        try {
            for (int i = 0; i < all.stepCount(); i++) {
                step = all.step(i);
                double handings = (double) all.work(step) / (step.goesByRows() ? VALUES : PRODUCTS);
                shares = Math.clamp((long) Math.sqrt(handings), 1, backend.mostParts());
                buffers.needLanes(shares);
                pool.run(this, shares, scratch);
            }
        } finally {
            backend.buffers().giveBack(buffers);
        }
    }

    @Override
    protected void run(int share, Scratch scratch) {
        buffers.run(step, job, 0, share, shares);
    }
}
