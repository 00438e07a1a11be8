package io.tokenwise.tensor;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * Memory for the tensors of one forward (and backward) pass: handed out in order, taken back all at once.
 *
 * <p>A backend's memory, 64-byte aligned, never more than a limit, freed on close. After a few passes of similar size a workspace
 * neither grows nor allocates on the heap. {@link #push} and {@link #pop} give back the temporaries of a scope. Tensors
 * start with unspecified values. Used by one pass at a time; not thread-safe.
 */
public final class Workspace implements AutoCloseable {
    private static final long SMALLEST_CHUNK = 1 << 20;

    private final Memory.Source source;
    private final IntUnaryOperator room;
    private final LongUnaryOperator limit;
    private long limitBytes;
    private final List<Chunk> chunks = new ArrayList<>();
    private final List<Tensor> tensors = new ArrayList<>();
    private final ArrayList<Mark> marks = new ArrayList<>();
    private int depth;
    private int chunk;
    private long used;
    private int taken;

    /** The most bytes, from the beginning of the first chunk, that a pass has needed. */
    private long peak;

    /** Of all chunks; others may ask while a pass runs. */
    private volatile long held;

    private boolean closed;

    /** @param source whose memory it is; a backend gives workspaces of its own */
    public Workspace(Memory.Source source, long limitBytes) {
        this(source, limitBytes, IntUnaryOperator.identity(), LongUnaryOperator.identity());
    }

    /**
     * @param room for how many rows a tensor of so many gets memory, no fewer: where it is the same for two passes their tensors lie in the same places
     * @param limit what such room makes of a limit
     */
    public Workspace(Memory.Source source, long limitBytes, IntUnaryOperator room, LongUnaryOperator limit) {
        this.source = source;
        this.room = room;
        this.limit = limit;
        this.limitBytes = limit.applyAsLong(limitBytes);
    }

    /** Raises its limit to so many bytes; a higher one stays. */
    public void allow(long bytes) {
        limitBytes = Math.max(limitBytes, limit.applyAsLong(bytes));
    }

    private record Chunk(Arena arena, Memory memory) {}

    private static final class Mark {
        int chunk;
        long used;
        int taken;
    }

    /**
     * A tensor {@code [rows, columns]} with unspecified values.
     *
     * @throws IllegalStateException if the workspace's limit would be passed, or after {@link #close}
     */
    public Tensor tensor(int rows, int columns) {
        if (rows < 0 || columns < 0) {
            throw new IllegalArgumentException("workspace: negative shape [" + rows + ", " + columns + "]");
        }
        long bytes = align(Math.multiplyExact((long) room.applyAsInt(rows) * columns, Float.BYTES));
        reserve(bytes);
        Memory memory = chunks.get(chunk).memory;
        long offset = used;
        used += bytes;
        if (chunk > 0) {
            peak = Math.max(peak, bytes(chunk) + used);
        }
        return take(memory, offset, rows, columns);
    }

    /** A tensor that stands for some rows of another one, in the same memory. */
    public Tensor rows(Tensor tensor, int from, int count) {
        if (from < 0 || count < 0 || from + count > tensor.rows()) {
            throw new IllegalArgumentException(
                    "workspace: rows " + from + " to " + (from + count) + " of a tensor " + tensor.shape());
        }
        long offset = tensor.offsetBytes() + (long) from * tensor.columns() * Float.BYTES;
        return take(tensor.memory(), offset, count, tensor.columns());
    }

    private Tensor take(Memory memory, long offset, int rows, int columns) {
        if (taken == tensors.size()) {
            tensors.add(new Tensor(memory, offset, rows, columns));
        }
        Tensor tensor = tensors.get(taken++);
        tensor.become(memory, offset, rows, columns);
        return tensor;
    }

    /** Opens a scope: the next {@link #pop} takes back what is handed out from here on. */
    public void push() {
        if (depth == marks.size()) {
            marks.add(new Mark());
        }
        Mark mark = marks.get(depth++);
        mark.chunk = chunk;
        mark.used = used;
        mark.taken = taken;
    }

    /** Closes the innermost scope. */
    public void pop() {
        Mark mark = marks.get(--depth);
        chunk = mark.chunk;
        used = mark.used;
        taken = mark.taken;
    }

    /**
     * Takes back everything. If several chunks were needed they become one of the size that was needed, so that the next pass runs in one
     * piece.
     */
    public void reset() {
        if (chunks.size() > 1) {
            free();
            grow(peak, peak);
        }
        chunk = 0;
        used = 0;
        taken = 0;
        depth = 0;
    }

    /** Native memory held now, in bytes; any thread may ask. */
    public long bytes() {
        return held;
    }

    private long bytes(int firstChunks) {
        long total = 0;
        for (int i = 0; i < firstChunks; i++) {
            total += chunks.get(i).memory.byteSize();
        }
        return total;
    }

    @Override
    public void close() {
        closed = true;
        free();
        tensors.clear();
    }

    /** Frees all memory and forgets how much was needed and allowed. Tensors become invalid. */
    public void release() {
        free();
        chunk = 0;
        used = 0;
        taken = 0;
        depth = 0;
        peak = 0;
        limitBytes = 0;
    }

    private void reserve(long bytes) {
        while (chunk < chunks.size() && used + bytes > chunks.get(chunk).memory.byteSize()) {
            chunk++;
            used = 0;
        }
        if (chunk == chunks.size()) {
            grow(bytes, Math.max(SMALLEST_CHUNK, bytes()));
            used = 0;
        }
    }

    private void grow(long neededBytes, long wantedBytes) {
        if (closed) {
            throw new IllegalStateException("workspace: closed");
        }
        long room = limitBytes - bytes();
        if (neededBytes > room) {
            throw new IllegalStateException("workspace: a pass needs " + neededBytes + " bytes of memory more than the "
                    + bytes() + " it holds, the limit is " + limitBytes + ": use smaller batches or a higher limit");
        }
        long bytes = Math.max(neededBytes, Math.min(wantedBytes, room & -Memory.ALIGNMENT));
        Arena arena = Arena.ofShared();
        try {
            chunks.add(new Chunk(arena, source.allocate(arena, bytes)));
            held = bytes(chunks.size());
        } catch (IllegalStateException e) {
            arena.close();
            throw new IllegalStateException("workspace: " + e.getMessage(), e);
        }
    }

    private void free() {
        for (Chunk c : chunks) {
            c.arena.close();
        }
        chunks.clear();
        held = 0;
    }

    private static long align(long bytes) {
        return (bytes + Memory.ALIGNMENT - 1) & -Memory.ALIGNMENT;
    }
}
