package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.MemorySegment;

/** The operations that a stream was asked for between {@link CuStream#beginCapture} and {@link CuStream#endCapture}, none of which ran. */
public final class CuGraph extends Handle {
    CuGraph(Cuda cuda, MemorySegment handle) {
        super(cuda, handle);
    }

    /** Makes it ready to be launched; this may be closed then. */
    public CuGraphExec instantiate() {
        hold(cuda);
        try {
            return cuda.make(
                    "cuGraphInstantiate",
                    out -> DriverApi.cuGraphInstantiateWithFlags(out, handle, 0),
                    CuGraphExec::new);
        } finally {
            leave();
        }
    }

    @Override
    int destroy() {
        return DriverApi.cuGraphDestroy(handle);
    }

    @Override
    public String toString() {
        return "the CUDA graph";
    }
}
