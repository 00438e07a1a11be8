package io.tokenwise.backend.cpu;

import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;

/**
 * An operation over the index range {@code [0, count)}, of values, rows, columns or sequences, cut into tasks. Operands are plain
 * fields and the body captures nothing, so that starting one allocates nothing.
 */
final class RangeJob extends Job {
    /** Values a task should at least work on, so that handing it to a thread (about 5 microseconds) pays. */
    static final int GRAIN_VALUES = 16_384;

    /** What to do for the indices {@code from} (inclusive) to {@code to} (exclusive). */
    interface Body {
        void run(RangeJob operands, int from, int to, Scratch scratch);
    }

    final Kernels kernels;
    Floats a;
    Floats b;
    Floats c;
    Floats d;
    Floats e;
    int columns;
    int rows;
    int blocks;
    float value;
    AdamWStep step;
    Activation activation;
    int[] integers;
    int[] offsets;
    double[] sums;
    ImagePatches patches;
    RotaryPositions rotary;

    private final WorkerPool pool;
    private Body body;
    private int count;
    private int chunk;

    RangeJob(Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
    }

    /** Sets the first three operands; c may be null. */
    void operands(Tensor x, Tensor y, Tensor z) {
        a = x.floats();
        b = y.floats();
        c = z == null ? null : z.floats();
    }

    /** Cuts the values of x. */
    void forValues(Tensor x, Scratch scratch, Body what) {
        forEach(x.size(), GRAIN_VALUES, scratch, what);
    }

    /** Cuts the rows of x. */
    void forRows(Tensor x, Scratch scratch, Body what) {
        columns = x.columns();
        forEach(x.rows(), grain(x.columns()), scratch, what);
    }

    /** Cuts the columns of x at multiples of 16 values, one cache line, so that no two threads write the same line. */
    void forColumns(Tensor x, Scratch scratch, Body what) {
        columns = x.columns();
        rows = x.rows();
        forEach(x.columns(), Math.max(16, (grain(x.rows()) + 15) / 16 * 16), scratch, what);
    }

    /** Cuts sequences of the rows of x. */
    void forSequences(Tensor x, int[] rowOffsets, int sequences, Scratch scratch, Body what) {
        offsets = rowOffsets;
        columns = x.columns();
        int valuesPerSequence = x.size() / Math.max(1, sequences);
        forEach(sequences, grain(valuesPerSequence), scratch, what);
    }

    static int grain(int valuesPerIndex) {
        return Math.max(1, GRAIN_VALUES / Math.max(1, valuesPerIndex));
    }

    /** Runs the body over all indices in tasks of at least {@code grain} indices, cut at multiples of {@code grain}. */
    void forEach(int indices, int grain, Scratch scratch, Body what) {
        if (indices == 0) {
            return;
        }
        body = what;
        count = indices;
        int grains = (indices + grain - 1) / grain;
        int tasks = pool.threads() == 1 ? 1 : Math.min(grains, 4 * pool.threads());
        chunk = (grains + tasks - 1) / tasks * grain;
        pool.run(this, (indices + chunk - 1) / chunk, scratch);
    }

    @Override
    protected void run(int task, Scratch scratch) {
        int from = task * chunk;
        body.run(this, from, Math.min(count, from + chunk), scratch);
    }
}
