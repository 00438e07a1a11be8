package io.tokenwise.model;

import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * Memory that tensors are read into before they are transposed, a piece for each thread that reads: the system gives new memory page by page, and fills each with zeros, which takes longer than
 * what is read into it. Thread-safe; it must not be closed before all have read.
 */
final class ReadMemory implements AutoCloseable {
    private final Arena arena = Arena.ofShared();

    /** Guarded by itself. */
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();

    /** Lends so many bytes, of anything. */
    void lend(long bytes, Consumer<MemorySegment> work) {
        MemorySegment piece;
        synchronized (free) {
            piece = free.poll();
        }
        if (piece == null || piece.byteSize() < bytes) {
            // What was too small stays until the end: models have few sizes of tensors.
            piece = Pages.allocate(arena, bytes, Float.BYTES);
        }
        work.accept(piece.asSlice(0, bytes));
        synchronized (free) {
            free.push(piece);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
