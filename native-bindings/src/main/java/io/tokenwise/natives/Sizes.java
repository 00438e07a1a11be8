package io.tokenwise.natives;

import java.lang.foreign.MemorySegment;

/** Native code never sees memory that was not checked here. */
final class Sizes {
    private Sizes() {}

    static void check(Object about, String name, MemorySegment memory, long bytes) {
        if (!memory.isNative()) {
            throw new IllegalArgumentException(about + ": " + name + " must lie in native memory");
        }
        if (memory.byteSize() < bytes) {
            throw new IllegalArgumentException(
                    about + ": " + name + " has " + memory.byteSize() + " bytes, but needs " + bytes);
        }
        if (!memory.scope().isAlive()) {
            throw new IllegalStateException(about + ": the memory of " + name + " has been freed");
        }
    }
}
