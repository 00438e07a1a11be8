package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Native memory that goes back to the system when its arena is closed. An arena's own memory is malloc's: with glibc it may stay with the
 * process in up to eight pools for each processor, where {@code malloc_trim} does not get at the last free block of up to 64 MB. In an hour in which 60
 * encoders opened and closed that came to 200 MB.
 */
public final class Pages {
    /** Less is malloc's: it does not leave much behind, and takes no whole pages. */
    static final long LEAST_BYTES = 128 * 1024;

    /** What one entry of the CPU's page table may cover instead of 4 KB. */
    private static final long LARGE_BYTES = 2 << 20;

    /** Of a large page, what may lie behind the memory's end. */
    static final long SPARE_BYTES = 384 * 1024;

    private static final int IN_LARGE_PAGES = 14;
    private static final int READ_AND_WRITE = 3;
    private static final int READ_AND_EXECUTE = 5;
    private static final int PRIVATE_AND_ANONYMOUS = 0x22;
    private static final int NO_FILE = -1;
    private static final long FAILED = -1;

    /** Null where there are none: not on Linux, or native access is not allowed to this module. */
    private static final Calls CALLS = Calls.find();

    private Pages() {}

    private record Calls(MethodHandle map, MethodHandle unmap, MethodHandle advise, MethodHandle protect) {
        static Calls find() {
            // The constants are Linux's. Without native access the JVM would print a warning, or throw.
            if (!System.getProperty("os.name").equals("Linux")
                    || !Pages.class.getModule().isNativeAccessEnabled()) {
                return null;
            }
            Linker linker = Linker.nativeLinker();
            return new Calls(
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("mmap"),
                            FunctionDescriptor.of(
                                    ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG)),
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("munmap"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG)),
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("madvise"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)),
                    linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("mprotect"),
                            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT)));
        }
    }

    /**
     * Memory of zeros with the life of an arena: whole pages of the system's if it is much and they can be had, else the arena's own.
     *
     * @param alignment in bytes, at most that of a page
     * @throws OutOfMemoryError if there is not so much
     */
    public static MemorySegment allocate(Arena arena, long bytes, long alignment) {
        if (CALLS == null || bytes < LEAST_BYTES) {
            return arena.allocate(bytes, alignment);
        }
        MemorySegment pages = map(bytes);
        try {
            return pages.reinterpret(arena, Pages::unmap);
        } catch (Throwable e) {
            unmap(pages);
            throw e;
        }
    }

    /**
     * {@link #allocate} for what is filled at once and then read again and again, such as packed weights: in large pages as far as it fills them, if the system
     * has some. Weights come from memory once in a forward, and in small pages a product waits for them longer. It takes two large pages more of the address space, in which no
     * memory lies: 4 MB for each matrix, which counts only where the system limits that ({@code ulimit -v}, strict overcommit).
     */
    public static MemorySegment allocateLarge(Arena arena, long bytes, long alignment) {
        long whole = (bytes + SPARE_BYTES) / LARGE_BYTES * LARGE_BYTES;
        if (CALLS == null || whole == 0) {
            return allocate(arena, bytes, alignment);
        }
        MemorySegment pages = map(bytes + 2 * LARGE_BYTES);
        try {
            long start = -pages.address() & (LARGE_BYTES - 1);
            advise(pages.reinterpret(start + whole).asSlice(start));
            return pages.reinterpret(start + bytes, arena, _ -> unmap(pages)).asSlice(start);
        } catch (Throwable e) {
            unmap(pages);
            throw e;
        }
    }

    /**
     * Machine code in pages of its own with the life of an arena, which nobody can write once they can be executed.
     *
     * @throws UnsupportedOperationException where the system allows none, as some are set up to, or it is not Linux
     */
    static MemorySegment executable(Arena arena, byte[] code) {
        if (CALLS == null) {
            throw new UnsupportedOperationException("no machine code: not on Linux, or without native access");
        }
        MemorySegment pages = map(code.length);
        try {
            MemorySegment.copy(code, 0, pages, JAVA_BYTE, 0, code.length);
            int status = (int) CALLS.protect.invokeExact(pages, pages.byteSize(), READ_AND_EXECUTE);
            if (status != 0) {
                throw new UnsupportedOperationException("no machine code: the system refuses it");
            }
            return pages.reinterpret(arena, Pages::unmap);
        } catch (RuntimeException | Error e) {
            unmap(pages);
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** Refused where there are no large pages; then they are small. */
    private static void advise(MemorySegment pages) {
        try {
            int _ = (int) CALLS.advise.invokeExact(pages, pages.byteSize(), IN_LARGE_PAGES);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** So many bytes, with that size. */
    private static MemorySegment map(long bytes) {
        MemorySegment pages;
        try {
            pages = (MemorySegment) CALLS.map.invokeExact(
                    MemorySegment.NULL, bytes, READ_AND_WRITE, PRIVATE_AND_ANONYMOUS, NO_FILE, 0L);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (pages.address() == FAILED) {
            throw new OutOfMemoryError("no " + bytes + " bytes of native memory");
        }
        return pages.reinterpret(bytes);
    }

    private static void unmap(MemorySegment pages) {
        try {
            int _ = (int) CALLS.unmap.invokeExact(pages, pages.byteSize());
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
