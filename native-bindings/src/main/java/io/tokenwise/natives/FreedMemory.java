package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * What was freed and is still the process's: glibc keeps freed blocks of up to 32 MB for later, in a pool for each thread that has allocated.
 * After MiniLM was opened and closed eight times that was 240 of 568 MB.
 */
public final class FreedMemory {
    private FreedMemory() {}

    /** Gives it back to the system, which takes some 15 ms, where that is possible: with glibc, and if native access is allowed. */
    public static void giveBack() {
        // Otherwise the JVM would print a warning, or throw.
        if (!FreedMemory.class.getModule().isNativeAccessEnabled()) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> trim = linker.defaultLookup().find("malloc_trim");
        if (trim.isEmpty()) {
            return;
        }
        try {
            int _ = (int) linker.downcallHandle(trim.get(), FunctionDescriptor.of(JAVA_INT, JAVA_LONG))
                    .invokeExact(0L);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
