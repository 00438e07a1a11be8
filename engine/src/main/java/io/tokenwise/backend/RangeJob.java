package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;

/**
 * An operation over the index range {@code [0, count)}, cut into tasks. Operands are plain fields and the body captures nothing, so
 * that starting one allocates nothing.
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
    int[] integers;
    int[] offsets;
    double[] sums;

    private final WorkerPool pool;
    private Body body;
    private int count;
    private int chunk;

    RangeJob(Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
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
    void run(int task, Scratch scratch) {
        int from = task * chunk;
        body.run(this, from, Math.min(count, from + chunk), scratch);
    }
}
