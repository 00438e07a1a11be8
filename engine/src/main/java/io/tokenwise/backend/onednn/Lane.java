package io.tokenwise.backend.onednn;

import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.Pages;
import io.tokenwise.natives.WidenedRows;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** What a thread needs of its own to take part in a block of rows: the library's view of operands and sums with room for it, and rows of sums on their way. */
final class Lane {
    /** A row of sums on its way to the second product or to its residual. */
    final Floats row;

    /** A slice's part of that row, and where its units go. */
    final Floats ungated = new Floats(MemorySegment.NULL, 0);

    final Floats gated = new Floats(MemorySegment.NULL, 0);

    /** What the slices used by a row add to its sums. */
    final Offsets offsets;

    /** Where a product goes that makes floats of its sums by itself. */
    final WidenedRows widened = new WidenedRows();

    private final OneDnn oneDnn;
    private final MemorySegment sums;
    private final MemorySegment scratch;
    private final List<At> bindings = new ArrayList<>();

    /** The library's view of an operand's columns from {@code input} on and of sums from {@code output} on. */
    private record At(Operand operand, int input, int output, Binding binding) {}

    /**
     * @param arena that frees its memory
     * @param sums where products go
     * @param scratchBytes room for what oneDNN wants besides
     */
    Lane(OneDnn oneDnn, Arena arena, MemorySegment sums, long scratchBytes, Floats row, Offsets offsets) {
        this.oneDnn = oneDnn;
        this.sums = sums;
        this.row = row;
        this.offsets = offsets;
        scratch = Pages.allocate(arena, scratchBytes, OneDnnBuffers.ALIGNMENT);
    }

    /** Lets {@link #widened} go where sums would, from a column of theirs on, without a residual. */
    void widenToSums(int column, int stride) {
        widened.setY(sums, (long) column * Float.BYTES, stride);
        widened.setResidual(MemorySegment.NULL, 0);
    }

    /** Few: one for each slice of an MLP and each first row of a product. */
    Binding binding(Operand operand, int input, int output) {
        for (int i = 0; i < bindings.size(); i++) {
            At at = bindings.get(i);
            if (at.operand == operand && at.input == input && at.output == output) {
                return at.binding;
            }
        }
        Binding binding = oneDnn.bind(operand.from(input), sums.asSlice((long) output * Float.BYTES), scratch);
        bindings.add(new At(operand, input, output, binding));
        return binding;
    }

    void close() {
        bindings.forEach(at -> at.binding.close());
    }
}
