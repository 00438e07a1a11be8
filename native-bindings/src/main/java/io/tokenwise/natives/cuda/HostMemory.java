package io.tokenwise.natives.cuda;

import java.lang.foreign.MemorySegment;

/** Native code never sees host memory that was not checked here. */
final class HostMemory {
    private HostMemory() {}

    static void checkSource(String operation, MemorySegment memory, long bytes) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException(
                    operation + ": the host memory lies on Java's heap, which the collector moves; it must be native");
        }
        if (bytes < 0 || bytes > memory.byteSize()) {
            throw new IllegalArgumentException(
                    operation + ": " + bytes + " bytes, but the host memory has " + memory.byteSize());
        }
        if (!memory.scope().isAlive()) {
            throw new IllegalStateException(operation + ": the host memory has been closed");
        }
    }

    static void checkTarget(String operation, MemorySegment memory, long bytes) {
        checkSource(operation, memory, bytes);
        if (memory.isReadOnly()) {
            throw new IllegalArgumentException(operation + ": the host memory is read-only");
        }
    }
}
