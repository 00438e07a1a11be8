package io.tokenwise.natives.cuda;

import java.lang.foreign.MemorySegment;

/**
 * One of the driver's objects, which lives until it is closed, or the {@link Cuda} that made it. Closing waits for calls on it, never throws,
 * and may be done twice; calls on it afterwards throw {@link IllegalStateException}.
 */
abstract sealed class Handle implements AutoCloseable
        permits CublasLt, Cudnn, CudnnConvolution, CuEvent, CuGraph, CuGraphExec, CuModule, CuStream, PinnedMemory {
    final Cuda cuda;
    final MemorySegment handle;

    private final Gate gate = new Gate();

    Handle(Cuda cuda, MemorySegment handle) {
        this.cuda = cuda;
        this.handle = handle;
    }

    /** Begins a call on this: it stays open until {@link #leave}, and the context is current. */
    final void enter() {
        gate.enter(this);
        try {
            cuda.makeCurrent();
        } catch (Throwable e) {
            gate.leave();
            throw e;
        }
    }

    /** Keeps this open, as a part of another's call, until {@link #leave}. */
    final void hold(Cuda user) {
        if (user != cuda) {
            throw new IllegalArgumentException(this + " belongs to another Cuda");
        }
        gate.enter(this);
    }

    final void leave() {
        gate.leave();
    }

    /** Destroys the driver's object and returns the driver's answer. */
    abstract int destroy();

    // Two may close at once, a user and the Cuda; neither goes on before the object is destroyed.
    @Override
    public final synchronized void close() {
        if (gate.close()) {
            cuda.destroy(this);
        }
    }
}
