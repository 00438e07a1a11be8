package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Host memory that the device reads and writes by itself: copies from and to it run while the caller goes on, so it must be left alone until
 * an event or a synchronisation says that they have ended, and closed only then.
 */
public final class PinnedMemory extends Handle {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;

    PinnedMemory(Cuda cuda, MemorySegment memory, long bytes) {
        super(cuda, memory);
        this.segment = memory.reinterpret(bytes, arena, null);
    }

    /**
     * The memory; it throws {@link IllegalStateException} once this is closed.
     *
     * @throws IllegalStateException if this is closed
     */
    public MemorySegment segment() {
        if (!arena.scope().isAlive()) {
            throw new IllegalStateException(this + " has been closed");
        }
        return segment;
    }

    public long byteSize() {
        return segment.byteSize();
    }

    @Override
    int destroy() {
        while (arena.scope().isAlive()) {
            try {
                arena.close();
            } catch (IllegalStateException e) {
                // A copy is just being queued.
                Thread.yield();
            }
        }
        // A virtual thread may go on on another carrier after it waited.
        cuda.makeCurrentIfPossible();
        return DriverApi.cuMemFreeHost(handle);
    }

    @Override
    public String toString() {
        return "pinned memory of " + segment.byteSize() + " bytes";
    }
}
