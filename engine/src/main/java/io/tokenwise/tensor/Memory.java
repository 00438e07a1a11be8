package io.tokenwise.tensor;

import java.lang.foreign.Arena;

/**
 * A piece of a backend's memory, in which tensors lie, for as long as the arena that it was allocated in. Only its backend knows how to touch it;
 * {@link HostMemory} is what Java can.
 */
public interface Memory {
    /** Allocations begin at multiples of so many bytes, and so do the tensors of a {@link Workspace}. */
    long ALIGNMENT = 64;

    long byteSize();

    /** Who gives a backend's memory. */
    @FunctionalInterface
    interface Source {
        /**
         * So many bytes, zeroed.
         *
         * @throws IllegalStateException if there are not so many
         */
        Memory allocate(Arena arena, long bytes);
    }
}
