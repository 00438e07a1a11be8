package io.tokenwise.backend.cpu;

import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * An operation over the index range {@code [0, count)}, of values, rows, columns or sequences, cut into tasks. Operands are plain
 * fields and the body captures nothing, so that starting one allocates nothing. Public for package op, which gets it by {@link CpuDevice#operands}; of one
 * stream.
 */
public final class RangeJob extends Job {
    /** Values a task should at least work on, so that handing it to a thread (about 5 microseconds) pays. */
    static final int GRAIN_VALUES = 16_384;

    /** What to do for the indices {@code from} (inclusive) to {@code to} (exclusive). */
    @FunctionalInterface
    public interface Body {
        void run(RangeJob operands, int from, int to, Scratch scratch);
    }

    public final Kernels kernels;
    public Floats a;
    public Floats b;
    public Floats c;
    public Floats d;
    public Floats e;
    public int columns;
    public int rows;
    public int blocks;
    public int first;
    public float value;
    public float more;
    public AdamWStep step;
    public int[] integers;
    public int[] offsets;
    public double[] sums;
    public ImagePatches patches;
    public RotaryPositions rotary;
    public RowParts parts;
    public Activation activation;

    /** Half of a tensor, for as long as its operation runs. */
    private final Floats half = new Floats(MemorySegment.NULL, 0);

    private final WorkerPool pool;
    private final Scratch scratch;
    private Body body;
    private int count;
    private int chunk;

    RangeJob(Kernels kernels, WorkerPool pool, Scratch scratch) {
        this.kernels = kernels;
        this.pool = pool;
        this.scratch = scratch;
    }

    // ---- operands: null is none

    RangeJob operands(Tensor x, Tensor y, Tensor z) {
        a = floats(x);
        b = floats(y);
        c = floats(z);
        return this;
    }

    public RangeJob d(Tensor x) {
        d = floats(x);
        return this;
    }

    public RangeJob e(Tensor x) {
        e = floats(x);
        return this;
    }

    /** {@link #d} is the lower half of x's rows. */
    public RangeJob lowerHalf(Tensor x) {
        half.point(x.floats().segment(), x.floats().at((long) x.rows() / 2 * x.columns()));
        d = half;
        return this;
    }

    public RangeJob value(float x) {
        value = x;
        return this;
    }

    public RangeJob first(int x) {
        first = x;
        return this;
    }

    public RangeJob more(float x) {
        more = x;
        return this;
    }

    public RangeJob parts(RowParts x) {
        parts = x;
        return this;
    }

    public RangeJob activation(Activation x) {
        activation = x;
        return this;
    }

    public RangeJob rows(int x) {
        rows = x;
        return this;
    }

    public RangeJob columns(int x) {
        columns = x;
        return this;
    }

    public RangeJob blocks(int x) {
        blocks = x;
        return this;
    }

    public RangeJob integers(int[] x) {
        integers = x;
        return this;
    }

    public RangeJob offsets(int[] x) {
        offsets = x;
        return this;
    }

    public RangeJob patches(ImagePatches x) {
        patches = x;
        return this;
    }

    public RangeJob rotary(RotaryPositions x) {
        rotary = x;
        return this;
    }

    private static Floats floats(Tensor x) {
        return x == null ? null : x.floats();
    }

    // ---- runs

    /** Cuts the values of x. */
    public void forValues(Tensor x, Body what) {
        forEach(x.size(), GRAIN_VALUES, what);
    }

    /** Cuts the rows of x, of {@link #columns}. */
    public void forRows(Tensor x, Body what) {
        columns = x.columns();
        forEach(x.rows(), grain(x.columns()), what);
    }

    /** Cuts the columns of x, of {@link #rows} and {@link #columns}, at multiples of 16 values, one cache line, so that no two threads write the same line. */
    public void forColumns(Tensor x, Body what) {
        columns = x.columns();
        rows = x.rows();
        forEach(x.columns(), Math.max(16, (grain(x.rows()) + 15) / 16 * 16), what);
    }

    /** Cuts sequences of the rows of x, of {@link #offsets} and {@link #columns}. */
    public void forSequences(Tensor x, int[] rowOffsets, int sequences, Body what) {
        offsets = rowOffsets;
        columns = x.columns();
        int valuesPerSequence = x.size() / Math.max(1, sequences);
        forEach(sequences, grain(valuesPerSequence), what);
    }

    /** Cuts blocks of so many {@link #columns} of x, which lie one after the other, row by row: to a kernel they are rows. */
    public void forBlocks(Tensor x, int units, Body what) {
        columns = units;
        forEach(x.size() / units, grain(units), what);
    }

    /** How many indices of so many values a task should have at least. */
    public static int grain(int valuesPerIndex) {
        return Math.max(1, GRAIN_VALUES / Math.max(1, valuesPerIndex));
    }

    /** Runs the body over all indices in tasks of at least {@code grain} indices, cut at multiples of {@code grain}. */
    public void forEach(int indices, int grain, Body what) {
        if (indices < 0) {
            throw new IllegalArgumentException(indices + " indices; must be 0 or more");
        }
        if (indices == 0) {
            return;
        }
        body = what;
        count = indices;
        int grains = Math.ceilDiv(indices, grain);
        int tasks = pool.threads() == 1 ? 1 : Math.min(grains, 4 * pool.threads());
        // The last chunk may reach over the end, and over the largest int.
        chunk = (int) Math.min(indices, (long) Math.ceilDiv(grains, tasks) * grain);
        pool.run(this, Math.ceilDiv(indices, chunk), scratch);
    }

    @Override
    protected void run(int task, Scratch ofThread) {
        int from = task * chunk;
        body.run(this, from, (int) Math.min(count, (long) from + chunk), ofThread);
    }
}
