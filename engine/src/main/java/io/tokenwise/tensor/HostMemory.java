package io.tokenwise.tensor;

import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Native memory of the host, which Java reads and writes. */
public record HostMemory(MemorySegment segment) implements Memory {
    /** A {@link Memory.Source}. */
    public static HostMemory allocate(Arena arena, long bytes) {
        try {
            return new HostMemory(Pages.allocate(arena, Math.max(1, bytes), ALIGNMENT));
        } catch (OutOfMemoryError e) {
            throw new IllegalStateException("the system refuses " + bytes + " bytes of native memory", e);
        }
    }

    @Override
    public long byteSize() {
        return segment.byteSize();
    }
}
