package io.tokenwise.backend.onednn;

import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.Binding;
import io.tokenwise.natives.OneDnn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What one task of a weight's gradient works on: a block of inputs in the narrow type, and the sums that come back. */
final class GradientBuffers implements BufferPool.Buffers {
    private static final long ALIGNMENT = 64;

    /** Bytes of each. */
    record Size(long inputs, long sums, long scratch) {
        boolean covers(Size other) {
            return inputs >= other.inputs && sums >= other.sums && scratch >= other.scratch;
        }

        Size max(Size other) {
            return covers(other)
                    ? this
                    : new Size(
                            Math.max(inputs, other.inputs),
                            Math.max(sums, other.sums),
                            Math.max(scratch, other.scratch));
        }
    }

    final Size size;
    final MemorySegment inputs;
    final Floats sums;
    final Binding binding;
    private final Arena arena = Arena.ofShared();

    GradientBuffers(OneDnn oneDnn, Size size) {
        this.size = size;
        try {
            inputs = arena.allocate(size.inputs, ALIGNMENT);
            MemorySegment sumMemory = arena.allocate(size.sums, ALIGNMENT);
            sums = new Floats(sumMemory, 0);
            binding = oneDnn.bind(inputs, sumMemory, arena.allocate(size.scratch, ALIGNMENT));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
    }

    @Override
    public void close() {
        binding.close();
        arena.close();
    }
}
