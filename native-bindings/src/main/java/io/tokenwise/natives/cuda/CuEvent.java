package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A point in a stream, set by {@link CuStream#record}, that other streams and threads wait for. Threads may share it. */
public final class CuEvent extends Handle {
    private final boolean timed;

    CuEvent(Cuda cuda, MemorySegment handle, boolean timed) {
        super(cuda, handle);
        this.timed = timed;
    }

    /** Whether all is done that was queued before it was last recorded. */
    public boolean isReached() {
        enter();
        try {
            int code = DriverApi.cuEventQuery(handle);
            if (code == DriverApi.CUDA_ERROR_NOT_READY()) {
                return false;
            }
            cuda.check(code, "cuEventQuery");
            return true;
        } finally {
            leave();
        }
    }

    /** Waits until it is reached. */
    public void await() {
        enter();
        try {
            cuda.check(DriverApi.cuEventSynchronize(handle), "cuEventSynchronize");
        } finally {
            leave();
        }
    }

    /** The time from an earlier event to this; both must be timed, and reached. */
    public float millisSince(CuEvent start) {
        if (!timed || !start.timed) {
            throw new IllegalArgumentException("millisSince: an event keeps no time; make both by timedEvent()");
        }
        start.hold(cuda);
        try {
            enter();
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment millis = arena.allocate(JAVA_FLOAT);
                cuda.check(DriverApi.cuEventElapsedTime(millis, start.handle, handle), "cuEventElapsedTime");
                return millis.get(JAVA_FLOAT, 0);
            } finally {
                leave();
            }
        } finally {
            start.leave();
        }
    }

    @Override
    int destroy() {
        return DriverApi.cuEventDestroy_v2(handle);
    }

    @Override
    public String toString() {
        return "the CUDA event";
    }
}
