package io.tokenwise.backend.cpu;

import io.tokenwise.kernels.Gemm;
import io.tokenwise.kernels.GemmCall;
import io.tokenwise.kernels.Scratch;

/** A matrix product cut into blocks of rows and of columns, one task each. */
final class GemmJob extends Job {
    /** Rows of a task when rows are cut: a multiple of every micro-kernel's height, large enough to reuse a weight panel from L1. */
    private static final int ROW_BLOCK = 96;

    final GemmCall call = new GemmCall();

    private final Gemm gemm;
    private final WorkerPool pool;
    private int rowBlock;
    private int columnBlock;
    private int columnBlocks;

    GemmJob(Gemm gemm, WorkerPool pool) {
        this.gemm = gemm;
        this.pool = pool;
    }

    /** Cuts columns while there are few rows (each weight is then read by one thread only), rows otherwise. */
    void multiply(Scratch scratch) {
        if (call.m == 0 || call.n == 0) {
            return;
        }
        int threads = pool.threads();
        int rowBlocks = 1;
        columnBlocks = 1;
        rowBlock = call.m;
        columnBlock = call.n;
        if (threads > 1) {
            if (call.m >= 2 * threads * ROW_BLOCK) {
                rowBlock = ROW_BLOCK;
                rowBlocks = (call.m + ROW_BLOCK - 1) / ROW_BLOCK;
            } else {
                int panels = (call.n + gemm.panelColumns() - 1) / gemm.panelColumns();
                int wanted = Math.min(panels, 2 * threads);
                columnBlock = (panels + wanted - 1) / wanted * gemm.panelColumns();
                columnBlocks = (call.n + columnBlock - 1) / columnBlock;
            }
        }
        pool.run(this, rowBlocks * columnBlocks, scratch);
    }

    @Override
    protected void run(int task, Scratch scratch) {
        int row = task / columnBlocks * rowBlock;
        int column = task % columnBlocks * columnBlock;
        gemm.multiply(
                call, row, Math.min(call.m, row + rowBlock), column, Math.min(call.n, column + columnBlock), scratch);
    }
}
