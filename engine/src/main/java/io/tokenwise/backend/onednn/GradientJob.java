package io.tokenwise.backend.onednn;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.cpu.Job;
import io.tokenwise.backend.cpu.WorkerPool;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.natives.DataType;
import io.tokenwise.natives.Product;
import io.tokenwise.natives.ProductSpec;
import io.tokenwise.natives.Weights;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a weight by oneDNN, {@code dWeight += x^T dy}, in the backend's type with float32 sums: dy is narrowed once, then each task
 * narrows some columns of x and makes the rows of dWeight that are theirs. How it is cut depends on shapes alone, and so do the bits.
 */
final class GradientJob extends Job {
    /** Tokens are filled up with zeros to a multiple of this, so that batches of about one size share a few kernels. */
    private static final int TOKEN_STEP = 32;

    /** Floats of sums of one task: with its inputs they fit the second-level cache, and oneDNN keeps its speed (Zen 5: 96 rows of 1,536, 471 GFLOP/s). */
    private static final int SUM_FLOATS = 96 * 1536;

    /** Rows of dWeight that a task makes at most; 384 were no faster than 192, and fewer tasks. */
    private static final int MOST_ROWS = 192;

    private static final int LEAST_ROWS = 16;

    private final OneDnnBackend backend;
    private final WorkerPool pool;
    private final Conversions conversions;
    private final NarrowedRows narrowing;
    private final boolean narrow;
    private final DataType type;
    private Floats x;
    private Floats dWeight;
    private int tokens;
    private int paddedTokens;
    private int inputs;
    private int outputs;
    private int blockRows;
    private Weights dy;

    GradientJob(OneDnnBackend backend, Kernels kernels, WorkerPool pool) {
        this.backend = backend;
        this.pool = pool;
        this.conversions = kernels.conversions();
        this.narrow = backend.precision() == Precision.BF16;
        this.type = OneDnnBackend.inputType(backend.precision());
        this.narrowing = new NarrowedRows(type, conversions, pool);
    }

    void run(Tensor newX, Tensor newDy, Workspace workspace, Tensor newDWeight, Scratch scratch) {
        x = newX.floats();
        dWeight = newDWeight.floats();
        tokens = newX.rows();
        inputs = newX.columns();
        outputs = newDy.columns();
        if (tokens == 0) {
            return;
        }
        paddedTokens = (tokens + TOKEN_STEP - 1) / TOKEN_STEP * TOKEN_STEP;
        blockRows = Math.clamp(SUM_FLOATS / outputs / LEAST_ROWS * LEAST_ROWS, LEAST_ROWS, MOST_ROWS);
        blockRows = Math.min(blockRows, inputs);
        // Plain, because oneDNN is as fast as with a packed right-hand side, and packing would be one thread's work.
        Product product = backend.product(ProductSpec.gradient(paddedTokens, outputs, type));
        int rest = inputs % blockRows;
        long needed = Math.max(product.scratchBytes(blockRows), rest == 0 ? 0 : product.scratchBytes(rest));
        backend.gradientBuffersOf(new GradientBuffers.Size(
                product.spec().aBytes(blockRows), product.spec().cBytes(blockRows), needed));
        Tensor narrowed = workspace.tensor(1, Math.toIntExact(product.spec().bBytes() / Float.BYTES));
        MemorySegment memory = narrowed.floats()
                .segment()
                .asSlice(narrowed.floats().offset(), product.spec().bBytes());
        narrowing.run(newDy, paddedTokens, memory, scratch);
        try (Weights right = product.weights(memory)) {
            dy = right;
            pool.run(this, (inputs + blockRows - 1) / blockRows, scratch);
        }
    }

    @Override
    protected void run(int task, Scratch scratch) {
        int from = task * blockRows;
        int rows = Math.min(inputs - from, blockRows);
        GradientBuffers buffers = backend.gradientBuffers().borrow();
        try {
            enter(buffers.inputs, from, rows);
            buffers.binding.run(dy, rows);
            for (int row = 0; row < rows; row++) {
                long at = (long) (from + row) * outputs;
                conversions.add(buffers.sums, (long) row * outputs, dWeight, at, outputs, dWeight, at);
            }
        } finally {
            backend.gradientBuffers().giveBack(buffers);
        }
    }

    /** Columns {@code from} to {@code from + columns} of x, and zeros for the tokens that fill up. */
    private void enter(MemorySegment target, int from, int columns) {
        for (int token = 0; token < tokens; token++) {
            long index = (long) token * inputs + from;
            long at = (long) token * columns;
            if (narrow) {
                conversions.toBfloat16(x, index, columns, target, at * Short.BYTES);
            } else {
                MemorySegment.copy(x.segment(), x.at(index), target, at * Float.BYTES, (long) columns * Float.BYTES);
            }
        }
        NarrowedRows.clear(target, (long) tokens * columns, (long) paddedTokens * columns, type.bytes());
    }
}
