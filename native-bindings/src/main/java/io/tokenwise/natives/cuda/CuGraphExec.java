package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cuda.CUgraphExecUpdateResultInfo_st;
import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A graph that runs as often as it is launched, with the addresses and sizes that it was captured with. One run of it at a time: a launch waits, on
 * the device, for the one before. For one caller at a time.
 */
public final class CuGraphExec extends Handle {
    CuGraphExec(Cuda cuda, MemorySegment handle) {
        super(cuda, handle);
    }

    /** Queues all of its operations. */
    public void launch(CuStream stream) {
        hold(stream.cuda);
        try {
            stream.launch(this);
        } finally {
            leave();
        }
    }

    /** Brings it to the device ahead of its first launch. */
    public void upload(CuStream stream) {
        hold(stream.cuda);
        try {
            stream.upload(this);
        } finally {
            leave();
        }
    }

    /** Takes the arguments of another graph of the same operations in the same order; false, and nothing changed, if it is none. */
    public boolean update(CuGraph graph) {
        graph.hold(cuda);
        try {
            enter();
            try (Arena arena = Arena.ofConfined()) {
                int code = DriverApi.cuGraphExecUpdate_v2(
                        handle, graph.handle, CUgraphExecUpdateResultInfo_st.allocate(arena));
                if (code == DriverApi.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE()) {
                    return false;
                }
                cuda.check(code, "cuGraphExecUpdate");
                return true;
            } finally {
                leave();
            }
        } finally {
            graph.leave();
        }
    }

    @Override
    int destroy() {
        return DriverApi.cuGraphExecDestroy(handle);
    }

    @Override
    public String toString() {
        return "the executable CUDA graph";
    }
}
