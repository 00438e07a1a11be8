package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;

/** Memory of zeros whose last byte is the last of its page, and the next page cannot be read: on Linux. */
final class GuardedMemory {
    private static final long PAGE_BYTES = 4096;
    private static final Linker LINKER = Linker.nativeLinker();

    private GuardedMemory() {}

    static MemorySegment allocate(Arena arena, long bytes) {
        long pages = (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        // Pages of the system's own, since they are more than Pages takes from the arena.
        MemorySegment all = Pages.allocate(arena, Math.max(Pages.LEAST_BYTES, pages + PAGE_BYTES), 64);
        long end = (all.byteSize() - PAGE_BYTES) / PAGE_BYTES * PAGE_BYTES;
        forbid(all.asSlice(end, PAGE_BYTES));
        return all.asSlice(end - bytes, bytes);
    }

    private static void forbid(MemorySegment page) {
        var protect = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("mprotect"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
        try {
            if ((int) protect.invokeExact(page, page.byteSize(), 0) != 0) {
                throw new IllegalStateException("mprotect");
            }
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
