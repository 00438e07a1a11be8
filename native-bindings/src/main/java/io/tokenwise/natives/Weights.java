package io.tokenwise.natives;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * B of a {@link Product} in the form in which it is read: the owner of oneDNN's handle on it, not of the memory, which the caller frees
 * after closing this. {@link #closeWith} leaves that order to an arena. May be shared by threads.
 */
public final class Weights implements AutoCloseable {
    final Product product;
    final MemorySegment data;
    final MemorySegment memory;

    private final Arena owner = Arena.ofShared();

    /** Set before the handle is destroyed; a binding looks at it after it has published that it reads these weights. */
    private volatile boolean closed;

    Weights(Product product, MemorySegment data) {
        this.product = product;
        this.data = data;
        this.memory = product.layout == null
                ? data
                : Handles.memory(owner, product, product.oneDnn.engine, product.layout, data);
        product.oneDnn.weights.add(this);
    }

    public Product product() {
        return product;
    }

    /** Closes this when the arena of its memory closes, before the memory is freed. */
    public Weights closeWith(Arena arena) {
        MemorySegment.ofAddress(memory.address()).reinterpret(arena, handle -> close());
        return this;
    }

    void checkOpen() {
        if (closed || !data.scope().isAlive()) {
            throw new IllegalStateException(product + ": the weights have been " + (closed ? "closed" : "freed"));
        }
    }

    /** Waits for a running product to end, and destroys the handle. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            product.oneDnn.weights.remove(this);
            product.oneDnn.awaitIdle(this);
            owner.close();
        }
    }
}
