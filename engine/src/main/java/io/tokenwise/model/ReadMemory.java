package io.tokenwise.model;

import io.tokenwise.natives.Pages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.function.Consumer;

/**
 * Memory that tensors are read into before they are transposed: for each thread that reads as much as the largest of its tensors. The system gives new memory page by page and fills each with
 * zeros, which takes longer than reading into what is there. Thread-safe; to be closed when all have read.
 */
final class ReadMemory implements AutoCloseable {
    /** Guarded by itself. */
    private final ArrayDeque<Piece> free = new ArrayDeque<>();

    private record Piece(Arena arena, MemorySegment bytes) {
        static Piece of(long size) {
            Arena arena = Arena.ofShared();
            return new Piece(arena, Pages.allocate(arena, size, Float.BYTES));
        }
    }

    /** Lends so many bytes, of anything. */
    void lend(long size, Consumer<MemorySegment> work) {
        Piece piece = take(size);
        try {
            work.accept(piece.bytes.asSlice(0, size));
        } finally {
            synchronized (free) {
                free.push(piece);
            }
        }
    }

    private Piece take(long size) {
        Piece last;
        synchronized (free) {
            last = free.poll();
        }
        if (last != null && last.bytes.byteSize() >= size) {
            return last;
        }
        if (last != null) {
            last.arena.close();
        }
        return Piece.of(size);
    }

    @Override
    public void close() {
        free.forEach(piece -> piece.arena.close());
    }
}
