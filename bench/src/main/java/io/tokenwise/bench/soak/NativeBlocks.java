package io.tokenwise.bench.soak;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Native memory that somebody has asked the C library for and not freed: small weights, oneDNN's, the JVM's own. It does not know what the engine has mapped itself, which is every block of 128 KB
 * or more: most weights, and workspaces.
 */
final class NativeBlocks {
    /** Of {@code struct mallinfo2}: bytes in blocks that malloc has mapped one by one, and in all others that are in use. */
    private static final int IN_PAGES = 4;

    private static final int IN_USE = 7;
    private static final int FIELDS = 10;

    private static final Optional<MethodHandle> MALLINFO2 = Linker.nativeLinker()
            .defaultLookup()
            .find("mallinfo2")
            .map(address -> Linker.nativeLinker()
                    .downcallHandle(
                            address,
                            FunctionDescriptor.of(MemoryLayout.structLayout(
                                    MemoryLayout.sequenceLayout(FIELDS, ValueLayout.JAVA_LONG)))));

    private NativeBlocks() {}

    /** MiB; not a number where the C library does not tell, which is any but glibc from 2.33 on. */
    static double mebibytes() {
        if (MALLINFO2.isEmpty()) {
            return Double.NaN;
        }
        try (Arena arena = Arena.ofConfined()) {
            var info = (MemorySegment) MALLINFO2.get().invokeExact((SegmentAllocator) arena);
            return (info.getAtIndex(ValueLayout.JAVA_LONG, IN_PAGES) + info.getAtIndex(ValueLayout.JAVA_LONG, IN_USE))
                    / (double) (1 << 20);
        } catch (Throwable e) {
            throw new IllegalStateException("mallinfo2", e);
        }
    }
}
