package io.tokenwise.natives;

import java.util.function.Consumer;

/**
 * The kernels of a {@link OneDnn}, at most as many as it has slots; the oldest goes first. Finding a kernel is a read of
 * its product's table and takes no lock.
 */
final class KernelCache {
    /**
     * Some twenty shapes of matrices at some twelve row counts each, and as many again for training, which has no products of attention. Those of a model take up to 100: two
     * of each of 16 rounded numbers of keys, at three row counts.
     */
    static final int CAPACITY = 512;

    /**
     * After so many new kernels what was freed is given back. Choosing an implementation takes and frees blocks of 268 KB (oneDNN 3.13), and
     * small ones that come after spoil the room they leave: without this a kernel takes 540 KB instead of 300, with it 15 ms in 32 kernels.
     */
    private static final int KERNELS_BETWEEN_TRIMS = 32;

    private final Kernel[] slots;
    private final Consumer<Kernel> awaitIdle;
    private int next;
    private int compiled;

    /** {@code awaitIdle} waits until nobody runs a kernel whose {@code closed} is set. */
    KernelCache(int capacity, Consumer<Kernel> awaitIdle) {
        this.slots = new Kernel[capacity];
        this.awaitIdle = awaitIdle;
    }

    synchronized Kernel compile(Product product, int rows, boolean adds) {
        Kernel present = product.find(rows, adds);
        if (present != null) {
            return present;
        }
        Kernel kernel = new Kernel(product, rows, adds, next);
        Kernel old = slots[next];
        slots[next] = kernel;
        next = (next + 1) % slots.length;
        product.put(rows, adds, kernel);
        if (old != null) {
            drop(old);
        }
        if (++compiled % KERNELS_BETWEEN_TRIMS == 0) {
            FreedMemory.giveBack();
        }
        return kernel;
    }

    synchronized void close() {
        for (int slot = 0; slot < slots.length; slot++) {
            if (slots[slot] != null) {
                drop(slots[slot]);
                slots[slot] = null;
            }
        }
    }

    private void drop(Kernel kernel) {
        kernel.product.put(kernel.rows, kernel.adds, null);
        kernel.closed = true;
        awaitIdle.accept(kernel);
        kernel.destroy();
    }
}
