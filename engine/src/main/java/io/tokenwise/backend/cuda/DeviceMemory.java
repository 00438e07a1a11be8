package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/** Memory of a CUDA device, which Java never touches: freed at the end of the arena that it was allocated in. */
final class DeviceMemory implements Memory {
    private final Cuda cuda;
    private final MemorySegment start;
    private final long bytes;
    private final boolean kept;

    private DeviceMemory(Cuda cuda, MemorySegment start, long bytes, boolean kept) {
        this.cuda = cuda;
        this.start = start;
        this.bytes = bytes;
        this.kept = kept;
    }

    /**
     * Memory with unspecified content.
     *
     * @param kept whether it is for what stays from pass to pass, such as weights, and is read by streams that did not write it
     */
    static DeviceMemory allocate(Cuda cuda, Arena arena, long bytes, boolean kept) {
        MemorySegment start = orTell(cuda, Math.max(bytes, ALIGNMENT), size -> cuda.allocate(arena, size));
        return new DeviceMemory(cuda, start, bytes, kept);
    }

    /**
     * The address of so many bytes, to be freed by {@link #free}.
     *
     * @throws IllegalStateException if there are not so many
     */
    static long allocate(Cuda cuda, long bytes) {
        return orTell(cuda, bytes, cuda::allocate);
    }

    private static <T> T orTell(Cuda cuda, long bytes, LongFunction<T> allocate) {
        try {
            return allocate.apply(bytes);
        } catch (CudaException e) {
            if (!e.isOutOfMemory()) {
                throw e;
            }
            throw new IllegalStateException(
                    "cuda device " + cuda.device().name() + " has no " + bytes + " bytes of memory left: "
                            + cuda.freeBytes() + " of " + cuda.device().memoryBytes() + " are free",
                    e);
        }
    }

    static void free(Cuda cuda, long address) {
        try {
            cuda.free(address);
        } catch (IllegalStateException | CudaException e) {
            // The device was closed before, which freed it, or its context is broken, and closing it will.
        }
    }

    /** Where a tensor begins on this device. */
    static long address(Tensor x, Cuda cuda) {
        if (x.memory() instanceof DeviceMemory memory && memory.cuda == cuda) {
            return memory.address() + x.offsetBytes();
        }
        throw new IllegalArgumentException("a tensor " + x.shape() + " lies in " + x.memory()
                + ", not in that of cuda device " + cuda.device().name());
    }

    /** Whether a tensor stays from pass to pass, so that other streams may read it. */
    static boolean isKept(Tensor x) {
        return x.memory() instanceof DeviceMemory memory && memory.kept;
    }

    long address() {
        if (!start.scope().isAlive()) {
            throw new IllegalStateException(this + " has been freed");
        }
        return start.address();
    }

    @Override
    public long byteSize() {
        return bytes;
    }

    @Override
    public String toString() {
        return "the memory of cuda device " + cuda.device().name();
    }
}
