package io.tokenwise.backend.onednn;

import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Rows of a left-hand side in the narrow type, and what their steps mean. */
final class Operand {
    final MemorySegment memory;
    final float[] scales;
    private final int valueBytes;

    /** Room for so many rows of so many values. */
    Operand(Arena arena, int rows, int columns, int valueBytes) {
        this.valueBytes = valueBytes;
        scales = new float[2 * rows];
        memory = Pages.allocate(arena, (long) rows * columns * valueBytes, OneDnnBuffers.ALIGNMENT);
    }

    /** All from a value on. */
    MemorySegment from(int value) {
        return memory.asSlice((long) value * valueBytes);
    }

    /** Writes zeros to columns of rows. */
    void clear(int fromRow, int toRow, int stride, int column, int columns, Floats zeros) {
        for (int row = fromRow; row < toRow; row++) {
            long at = ((long) row * stride + column) * valueBytes;
            MemorySegment.copy(zeros.segment(), 0, memory, at, (long) columns * valueBytes);
        }
    }
}
