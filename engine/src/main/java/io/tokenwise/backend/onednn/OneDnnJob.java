package io.tokenwise.backend.onednn;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.cpu.Job;
import io.tokenwise.backend.cpu.WorkerPool;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.natives.ActivationTable;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * A matrix product, or what is cut into slices, in blocks of rows, one task each. The first rows use the most slices. If there are more
 * tasks than threads, a task has neighbours: rows with many slices meet in few blocks, the others need not read those weights, and threads
 * that are done early take the next. Otherwise task t of T has the rows t, t + T, t + 2 T and so on, the same work for each. Few rows are one block
 * that threads share ({@link SharedBlock}).
 */
final class OneDnnJob extends Job {
    private static final Step[] OUTPUTS = {Step.NARROW, Step.MULTIPLY_OUTPUTS, Step.WIDEN};
    private static final Step[] INPUTS = {Step.NARROW, Step.MULTIPLY_INPUTS, Step.WIDEN};
    private static final Step[] MLP = Step.values();

    Floats x;
    Floats y;

    /** Columns of y for slices of outputs, of x for slices of inputs: as many as those of all slices, or more. */
    int stride;

    /** Added to the result, or null. */
    Floats residual;

    /** A product: its weight, its bias or null, and whether GELU follows. Without slices. */
    OneDnnMatrix weight;

    Floats bias;
    boolean gelu;

    /** Slices of outputs, or null. */
    OutputSlices ups;

    /** Slices of inputs, or null. With ups it is an MLP. */
    InputSlices downs;

    /** Of an MLP: what its units go through, and whether there is a gate for each. */
    Activation activation;

    boolean gated;

    /** Whether the biases of the slices of outputs are one vector. */
    boolean adjacentBiases;

    /** What is done with each block, the last step only unless the last product {@linkplain #widensAtOnce widens}. */
    private Step[] steps;

    /** Whether the last product writes y by itself, so that its sums need not lie in memory: of one matrix for all rows, in their order. */
    boolean widensAtOnce;

    /** What the products of an MLP's units apply to them by themselves, so that floats of units lie where sums would; otherwise null. */
    ActivationTable table;

    private int sliceCount;
    private int[] sliceRows;
    private int[] rows;
    private int count;
    private int tasks;
    private int blockRows;
    private boolean neighbours;
    private final OneDnnBackend backend;
    private final WorkerPool pool;
    private final SharedBlock shared;

    OneDnnJob(OneDnnBackend backend, WorkerPool pool) {
        this.backend = backend;
        this.pool = pool;
        this.shared = new SharedBlock(backend, pool);
    }

    /** The product, over all of x's rows. */
    void product(int rowCount, Scratch scratch) {
        ups = null;
        downs = null;
        rows = null;
        widensAtOnce = !gelu && weight.isOfOwnCode();
        table = null;
        steps = OUTPUTS;
        run(rowCount, weight.outputStride(), scratch);
    }

    /** What is cut into slices: slice n over the first {@code newSliceRows[n]} of the rows. */
    void slices(OutputSlices newUps, InputSlices newDowns, int[] newRows, int[] newSliceRows, Scratch scratch) {
        weight = null;
        ups = newUps;
        downs = newDowns;
        widensAtOnce = downs != null
                && downs.count() == 1
                && newRows == null
                && OneDnnBuffers.matrix(downs.weights().getFirst()).isOfOwnCode();
        steps = ups == null ? INPUTS : downs == null ? OUTPUTS : MLP;
        table = steps == MLP && canActivate(ups.weights()) ? backend.table(activation) : null;
        adjacentBiases = ups != null && areAdjacent(ups.biases());
        sliceCount = ups == null ? downs.count() : ups.count();
        rows = newRows;
        sliceRows = newSliceRows;
        int units = ups == null ? downs.columns() : ups.columns();
        run(newSliceRows[0], downs == null ? units : Math.max(units, downs.outputs()), scratch);
    }

    /** Whether code of our own multiplies by all slices, and where there are gates has them in whole panels: so it depends on the model alone. */
    private boolean canActivate(List<PackedMatrix> slices) {
        for (int n = 0; n < slices.size(); n++) {
            OneDnnMatrix slice = OneDnnBuffers.matrix(slices.get(n));
            if (gated ? slice.whole() == null : !slice.isOfOwnCode()) {
                return false;
            }
        }
        return true;
    }

    private void run(int rowCount, int widest, Scratch scratch) {
        if (rowCount == 0) {
            return;
        }
        count = rowCount;
        int least = backend.leastRows();
        int most = backend.blockRows(widest);
        if (pool.threads() > 1 && count <= Math.min(most, SharedBlock.MOST_ROWS)) {
            tasks = 1;
            neighbours = false;
            shared.run(this, scratch);
            return;
        }
        int share = Math.max(least, (count + pool.threads() - 1) / pool.threads());
        tasks = (count + Math.min(most, share) - 1) / Math.min(most, share);
        blockRows = (count + tasks - 1) / tasks;
        neighbours = tasks > pool.threads();
        pool.run(this, tasks, scratch);
    }

    int stepCount() {
        return widensAtOnce ? steps.length - 1 : steps.length;
    }

    Step step(int index) {
        return steps[index];
    }

    /** Values that a step goes through, or multiply-adds of its products. */
    long work(Step step) {
        return switch (step) {
            case NARROW ->
                (long) count * (weight != null ? weight.inputs() : ups != null ? ups.inputs() : downs.columns());
            case MULTIPLY_OUTPUTS ->
                weight != null ? (long) count * weight.inputs() * weight.outputs() : work(ups.weights());
            case ACTIVATE -> (long) count * ups.columns();
            case MULTIPLY_INPUTS -> work(downs.weights());
            case WIDEN ->
                (long) count * (weight != null ? weight.outputs() : downs != null ? downs.outputs() : ups.columns());
        };
    }

    private long work(List<PackedMatrix> slices) {
        long all = 0;
        for (int n = 0; n < slices.size(); n++) {
            all += (long) sliceRows[n] * slices.get(n).inputs() * slices.get(n).outputs();
        }
        return all;
    }

    /** Row of x and y that is row {@code index} of a task. */
    int row(int task, int index) {
        int row = neighbours ? task * blockRows + index : task + index * tasks;
        return rows == null ? row : rows[row];
    }

    /** From one row of x and y to the next of a task, where they are in their order. */
    int rowStep() {
        return neighbours ? 1 : tasks;
    }

    /** Rows of a task. */
    int rows(int task) {
        return share(count, task);
    }

    /** Rows of a task, its first ones, that use slice n; none if there is no such slice. */
    int rows(int task, int slice) {
        return slice < sliceCount ? share(sliceRows[slice], task) : 0;
    }

    /** Columns of the slices of outputs that a task's row {@code index} uses. */
    int columns(int task, int index) {
        int columns = 0;
        for (int n = 0; rows(task, n) > index; n++) {
            columns += ups.weights().get(n).outputs();
        }
        return columns;
    }

    /** Whether all rows use slice n. */
    boolean sharesRows(int slice) {
        return sliceRows[slice] == count;
    }

    /** How many of the first {@code all} rows are a task's. */
    private int share(int all, int task) {
        return neighbours
                ? Math.clamp(all - task * blockRows, 0, blockRows)
                : Math.max(0, (all - task + tasks - 1) / tasks);
    }

    @Override
    protected void run(int task, Scratch scratch) {
        OneDnnBuffers buffers = backend.buffers().borrow();
        try {
            for (int i = 0; i < stepCount(); i++) {
                buffers.run(steps[i], this, task, 0, 1);
            }
        } finally {
            backend.buffers().giveBack(buffers);
        }
    }

    /** Whether each slice's bias lies in memory behind that of the slice before. */
    private static boolean areAdjacent(List<Tensor> biases) {
        long end = address(biases.getFirst());
        for (int n = 0; n < biases.size(); n++) {
            if (address(biases.get(n)) != end) {
                return false;
            }
            end += (long) biases.get(n).columns() * Float.BYTES;
        }
        return true;
    }

    private static long address(Tensor tensor) {
        return tensor.floats().segment().address() + tensor.floats().offset();
    }
}
