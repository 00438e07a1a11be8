package io.tokenwise.backend.onednn;

import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Rows of a left-hand side in the narrow type, and what their steps mean. */
final class Operand {
    final MemorySegment memory;
    final float[] scales;
    private final OneDnn oneDnn;
    private final int valueBytes;
    private final MemorySegment sums;
    private final MemorySegment scratch;
    private final List<At> bindings = new ArrayList<>();

    /** The library's view of columns from {@code input} on and of sums from {@code output} on. */
    private record At(int input, int output, Binding binding) {}

    /**
     * Room for so many rows of so many values.
     *
     * @param sums where products of it go
     */
    Operand(
            OneDnn oneDnn,
            Arena arena,
            int rows,
            int columns,
            int valueBytes,
            MemorySegment sums,
            MemorySegment scratch) {
        this.oneDnn = oneDnn;
        this.valueBytes = valueBytes;
        this.sums = sums;
        this.scratch = scratch;
        scales = new float[2 * rows];
        memory = Pages.allocate(arena, (long) rows * columns * valueBytes, OneDnnBuffers.ALIGNMENT);
    }

    /** Few: one for each slice of an MLP and each first row of a product. */
    Binding binding(int input, int output) {
        for (int i = 0; i < bindings.size(); i++) {
            At at = bindings.get(i);
            if (at.input == input && at.output == output) {
                return at.binding;
            }
        }
        Binding binding = oneDnn.bind(
                memory.asSlice((long) input * valueBytes), sums.asSlice((long) output * Float.BYTES), scratch);
        bindings.add(new At(input, output, binding));
        return binding;
    }

    /** Writes zeros to columns of rows. */
    void clear(int fromRow, int toRow, int stride, int column, int columns, Floats zeros) {
        for (int row = fromRow; row < toRow; row++) {
            long at = ((long) row * stride + column) * valueBytes;
            MemorySegment.copy(zeros.segment(), 0, memory, at, (long) columns * valueBytes);
        }
    }

    void close() {
        bindings.forEach(at -> at.binding.close());
    }
}
