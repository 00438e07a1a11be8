package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Cuda;
import java.util.ArrayList;
import java.util.List;

/**
 * Device memory for what an operation needs between its launches. The launches of a stream run one after the other, so the next operation gets the
 * same memory. Chunks are added as they are needed, and freed with the device only: a launch may be using them.
 */
final class ScratchMemory {
    private static final long ALIGNMENT = 256;
    private static final long SMALLEST_CHUNK = 1 << 20;

    private final Cuda cuda;
    private final List<Chunk> chunks = new ArrayList<>();
    private int chunk;
    private long used;

    ScratchMemory(Cuda cuda) {
        this.cuda = cuda;
    }

    private record Chunk(long address, long bytes) {}

    void reset() {
        chunk = 0;
        used = 0;
    }

    long take(long bytes) {
        long aligned = (bytes + ALIGNMENT - 1) & -ALIGNMENT;
        while (chunk < chunks.size() && used + aligned > chunks.get(chunk).bytes) {
            chunk++;
            used = 0;
        }
        if (chunk == chunks.size()) {
            grow(aligned);
        }
        long address = chunks.get(chunk).address + used;
        used += aligned;
        return address;
    }

    /** Each chunk is at least as large as all before, so that there are few. */
    private void grow(long bytes) {
        long all = 0;
        for (Chunk c : chunks) {
            all += c.bytes;
        }
        long size = Math.max(bytes, Math.max(all, SMALLEST_CHUNK));
        chunks.add(new Chunk(DeviceMemory.allocate(cuda, size), size));
        used = 0;
    }
}
