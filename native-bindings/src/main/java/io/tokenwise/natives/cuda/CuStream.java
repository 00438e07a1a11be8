package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A queue of operations that the device does one after the other, while the caller goes on. Memory that an operation uses must stay until it is
 * done, which {@link #synchronize} or an event says. For one caller at a time; it does not matter on which thread.
 *
 * <p>Closing waits for the operations too.
 */
public final class CuStream extends Handle {
    private boolean capturing;

    CuStream(Cuda cuda, MemorySegment handle) {
        super(cuda, handle);
    }

    // ---- copies

    /**
     * Copies from host memory. It may be changed as soon as this returns, unless it is {@link PinnedMemory}, which is read when the copy's turn
     * comes.
     */
    public void copyToDevice(long target, MemorySegment source, long bytes) {
        HostMemory.checkSource("copyToDevice", source, bytes);
        cuda.allocations.check("copyToDevice", target, bytes);
        if (bytes > 0) {
            enter();
            try {
                done(DriverApi.cuMemcpyHtoDAsync_v2(target, source, bytes, handle), "copyToDevice");
            } finally {
                leave();
            }
        }
    }

    /** Copies to host memory, which has its new content after {@link #synchronize}, or when an event recorded after this is reached. */
    public void copyToHost(MemorySegment target, long source, long bytes) {
        HostMemory.checkTarget("copyToHost", target, bytes);
        cuda.allocations.check("copyToHost", source, bytes);
        if (bytes > 0) {
            enter();
            try {
                done(DriverApi.cuMemcpyDtoHAsync_v2(target, source, bytes, handle), "copyToHost");
            } finally {
                leave();
            }
        }
    }

    /** Copies on the device; the two must not overlap. */
    public void copy(long target, long source, long bytes) {
        cuda.allocations.check("copy, target", target, bytes);
        cuda.allocations.check("copy, source", source, bytes);
        if (bytes > 0) {
            enter();
            try {
                done(DriverApi.cuMemcpyDtoDAsync_v2(target, source, bytes, handle), "copy");
            } finally {
                leave();
            }
        }
    }

    /** Sets so many bytes. */
    public void fill8(long target, byte value, long bytes) {
        cuda.allocations.check("fill8", target, bytes);
        if (bytes > 0) {
            enter();
            try {
                done(DriverApi.cuMemsetD8Async(target, value, bytes, handle), "fill8");
            } finally {
                leave();
            }
        }
    }

    /** Sets so many ints, or, by their bits, floats. */
    public void fill32(long target, int value, long count) {
        if (target % Integer.BYTES != 0) {
            throw new IllegalArgumentException("fill32: 0x%x is no multiple of 4".formatted(target));
        }
        cuda.allocations.check("fill32", target, Math.multiplyExact(count, (long) Integer.BYTES));
        if (count > 0) {
            enter();
            try {
                done(DriverApi.cuMemsetD32Async(target, value, count, handle), "fill32");
            } finally {
                leave();
            }
        }
    }

    // ---- kernels

    /** Launches a kernel with blocks {@code [blockX, 1, 1]} and so much dynamic shared memory for each. */
    public void launch(
            CuFunction function, int gridX, int gridY, int gridZ, int blockX, int sharedBytes, Arguments arguments) {
        function.check(gridX, gridY, gridZ, blockX, sharedBytes, arguments);
        function.module.hold(cuda);
        try {
            enter();
            try {
                int code = DriverApi.cuLaunchKernel(
                        function.handle,
                        gridX,
                        gridY,
                        gridZ,
                        blockX,
                        1,
                        1,
                        sharedBytes,
                        handle,
                        arguments.pointers,
                        MemorySegment.NULL);
                done(code, function.launch);
            } finally {
                leave();
            }
        } finally {
            function.module.leave();
        }
    }

    /** The graph is held by the caller. */
    void launch(CuGraphExec graph) {
        enter();
        try {
            done(DriverApi.cuGraphLaunch(graph.handle, handle), "cuGraphLaunch");
        } finally {
            leave();
        }
    }

    /** The graph is held by the caller. */
    void upload(CuGraphExec graph) {
        enter();
        try {
            done(DriverApi.cuGraphUpload(graph.handle, handle), "cuGraphUpload");
        } finally {
            leave();
        }
    }

    // ---- order

    /** Waits until all is done that was queued. */
    public void synchronize() {
        enter();
        try {
            cuda.check(DriverApi.cuStreamSynchronize(handle), "cuStreamSynchronize");
        } finally {
            leave();
        }
    }

    /** The event is reached when all is done that was queued before. */
    public void record(CuEvent event) {
        event.hold(cuda);
        try {
            enter();
            try {
                cuda.check(DriverApi.cuEventRecord(event.handle, handle), "cuEventRecord");
            } finally {
                leave();
            }
        } finally {
            event.leave();
        }
    }

    /** What is queued from now on waits, on the device, until what the event was last recorded after is done. */
    public void waitFor(CuEvent event) {
        event.hold(cuda);
        try {
            enter();
            try {
                cuda.check(DriverApi.cuStreamWaitEvent(handle, event.handle, 0), "cuStreamWaitEvent");
            } finally {
                leave();
            }
        } finally {
            event.leave();
        }
    }

    // ---- graphs

    /**
     * From now on operations are noted, and none is done, until {@link #endCapture} or {@link #abandonCapture}, of which one must follow: closing waits for it.
     * Meanwhile nothing may wait for this stream, and no memory be allocated.
     */
    public void beginCapture() {
        enter();
        try {
            // The stricter mode ties a capture to the system's thread, which a virtual thread may leave in the middle.
            int mode = Thread.currentThread().isVirtual()
                    ? DriverApi.CU_STREAM_CAPTURE_MODE_RELAXED()
                    : DriverApi.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL();
            cuda.check(DriverApi.cuStreamBeginCapture_v2(handle, mode), "cuStreamBeginCapture");
            capturing = true;
        } finally {
            // Else it stays open until the capture has ended: the driver takes back neither a stream that captures nor,
            // meanwhile, pinned memory.
            leaveUnlessCapturing();
        }
    }

    private void leaveUnlessCapturing() {
        if (!capturing) {
            leave();
        }
    }

    /** Gives what was noted. */
    public CuGraph endCapture() {
        if (!capturing) {
            throw new IllegalStateException(this + " is not capturing");
        }
        try {
            return cuda.make("cuStreamEndCapture", this::endCapture, CuGraph::new);
        } finally {
            leaveUnlessCapturing();
        }
    }

    private int endCapture(MemorySegment out) {
        int code = DriverApi.cuStreamEndCapture(handle, out);
        capturing &= code != DriverApi.CUDA_SUCCESS();
        return code;
    }

    /** Forgets what was noted, after an error; it works in a broken context too, and does nothing if this is not capturing. */
    public void abandonCapture() {
        if (!capturing) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.makeCurrentIfPossible();
            if (endCapture(out) == DriverApi.CUDA_SUCCESS()) {
                DriverApi.cuGraphDestroy(out.get(ADDRESS, 0));
            }
            capturing = false;
        } finally {
            leave();
        }
    }

    /** Checks that an operation was queued. */
    private void done(int code, String operation) {
        cuda.check(code, operation);
        queued(operation);
    }

    /** Waits for an operation that was queued just now where each is waited for, so that the one that fails is named. */
    void queued(String operation) {
        if (cuda.synchronous && !capturing) {
            cuda.check(DriverApi.cuStreamSynchronize(handle), operation);
        }
    }

    @Override
    int destroy() {
        // The driver would return at once, and what was queued would go on in memory that is freed next. An error of it
        // is nobody's any more.
        DriverApi.cuStreamSynchronize(handle);
        return DriverApi.cuStreamDestroy_v2(handle);
    }

    @Override
    public String toString() {
        return "the CUDA stream";
    }
}
