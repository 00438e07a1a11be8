package io.tokenwise.backend.cuda;

import io.tokenwise.kernels.Floats;
import io.tokenwise.natives.cuda.PinnedMemory;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies of a device's tensors on the host, in pinned memory, which is used again, but for large tensors such as embeddings, which are copied seldom. Threads may
 * share it.
 */
final class CudaReading {
    /** Above, pinned memory is given back at once. */
    private static final long MOST_KEPT = 16 << 20;

    private final Launches launches;
    private final List<PinnedMemory> free = new ArrayList<>();

    CudaReading(Launches launches) {
        this.launches = launches;
    }

    HostTensor read(Tensor x) {
        PinnedMemory copy = copy(x);
        return new HostTensor(x, values(copy), () -> giveBack(copy));
    }

    HostTensor write(Tensor x) {
        long address = launches.address(x);
        long bytes = bytes(x);
        PinnedMemory copy = copy(x);
        return new HostTensor(x, values(copy), () -> writeBack(x, address, copy, bytes));
    }

    private static Floats values(PinnedMemory copy) {
        return new Floats(copy.segment(), 0);
    }

    private static long bytes(Tensor x) {
        return (long) x.size() * Float.BYTES;
    }

    private synchronized PinnedMemory copy(Tensor x) {
        long bytes = bytes(x);
        PinnedMemory copy = take(Math.max(bytes, Float.BYTES));
        try {
            launches.copyToHost(copy.segment(), launches.address(x), bytes);
            launches.synchronize();
            return copy;
        } catch (RuntimeException e) {
            copy.close();
            throw e;
        }
    }

    private synchronized void writeBack(Tensor x, long address, PinnedMemory copy, long bytes) {
        try {
            launches.copyToDevice(address, copy.segment(), bytes);
            launches.wrote(x);
            launches.synchronize();
        } finally {
            giveBack(copy);
        }
    }

    /** The smallest that fits. */
    private PinnedMemory take(long bytes) {
        PinnedMemory best = null;
        for (PinnedMemory memory : free) {
            long size = memory.byteSize();
            if (size >= bytes && (best == null || size < best.byteSize())) {
                best = memory;
            }
        }
        if (best != null) {
            free.remove(best);
            return best;
        }
        return launches.cuda().pinned(bytes > MOST_KEPT ? bytes : Long.highestOneBit(2 * bytes - 1));
    }

    private synchronized void giveBack(PinnedMemory copy) {
        if (copy.byteSize() > MOST_KEPT) {
            copy.close();
        } else {
            free.add(copy);
        }
    }
}
