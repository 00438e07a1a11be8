package io.tokenwise.backend.onednn;

import io.tokenwise.backend.cpu.Job;
import io.tokenwise.backend.cpu.WorkerPool;
import io.tokenwise.kernels.Conversions;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.natives.DataType;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/** The rows of a matrix in the type of a product, followed by rows of zeros. */
final class NarrowedRows extends Job {
    /** Values that a task should at least narrow. */
    private static final int GRAIN_VALUES = 16_384;

    private static final int TASKS_A_THREAD = 4;

    private final DataType type;
    private final Conversions conversions;
    private final WorkerPool pool;
    private Floats from;
    private MemorySegment to;
    private int rows;
    private int paddedRows;
    private int columns;
    private int rowsOfTask;

    NarrowedRows(DataType type, Conversions conversions, WorkerPool pool) {
        this.type = type;
        this.conversions = conversions;
        this.pool = pool;
    }

    /** @param target room for so many rows with those of zeros */
    void run(Tensor source, int rowsWithZeros, MemorySegment target, Scratch scratch) {
        from = source.floats();
        to = target;
        rows = source.rows();
        paddedRows = rowsWithZeros;
        columns = source.columns();
        int least = Math.max(1, GRAIN_VALUES / columns);
        int tasks = pool.threads() == 1 ? 1 : TASKS_A_THREAD * pool.threads();
        rowsOfTask = Math.max(least, (paddedRows + tasks - 1) / tasks);
        pool.run(this, (paddedRows + rowsOfTask - 1) / rowsOfTask, scratch);
    }

    @Override
    protected void run(int task, Scratch scratch) {
        int first = task * rowsOfTask;
        int end = Math.min(paddedRows, first + rowsOfTask);
        int last = Math.clamp(end, first, Math.max(first, rows));
        long start = (long) first * columns;
        int count = Math.multiplyExact(last - first, columns);
        if (type == DataType.BF16) {
            conversions.toBfloat16(from, start, count, to, start * Short.BYTES);
        } else {
            MemorySegment.copy(from.segment(), from.at(start), to, start * Float.BYTES, (long) count * Float.BYTES);
        }
        clear(to, (long) last * columns, (long) end * columns, type.bytes());
    }

    /** Zeros from one value to another. */
    static void clear(MemorySegment memory, long from, long to, int bytes) {
        memory.asSlice(from * bytes, (to - from) * bytes).fill((byte) 0);
    }
}
