package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tokenwise.natives.generated.cublaslt.CublasLtApi;
import io.tokenwise.natives.generated.cublaslt.LtAlgorithm;
import io.tokenwise.natives.generated.cublaslt.LtHeuristicResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A product by cuBLASLt with one algorithm, chosen once. cuBLASLt itself would choose by the number of rows, and a row's bits would depend on
 * how many others there are. Threads may share it. It is good until its {@link CublasLt} is closed.
 */
public final class LtProduct {
    /** For how many rows the algorithm is chosen: enough to fill a device, which is where speed matters. */
    private static final int MANY = 4096;

    /** With how many rows the algorithm must work too: {@link #takes} is hardly ever told of others that it refuses. */
    private static final int[] ALSO = {1, 2, 3, 7, 8, 16, 31, 64, 129, 250, 512, 1001, 20000, 65536};

    private static final int CANDIDATES = 16;

    private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_FLOAT, 1);
    private static final MemorySegment ZERO = Arena.global().allocateFrom(JAVA_FLOAT, 0);

    private final CublasLt library;
    private final LtSpec spec;
    private final MemorySegment algorithm = LtAlgorithm.allocate(Arena.ofAuto());
    private final long workspaceBytes;
    private final String operation;

    /** Numbers of rows that the algorithm takes, ascending; null once it has refused one. */
    private volatile int[] taken = {};

    LtProduct(CublasLt library, LtSpec spec, long mostWorkspace) {
        this.library = library;
        this.spec = spec;
        operation = "cublasLtMatmul of " + spec;
        library.enter();
        try (Arena arena = Arena.ofConfined()) {
            this.workspaceBytes = choose(arena, mostWorkspace);
        } finally {
            library.leave();
        }
    }

    /** Takes the best algorithm that works with any number of rows, and returns the workspace that it needs. */
    private long choose(Arena arena, long mostWorkspace) {
        MemorySegment results = LtHeuristicResult.allocateArray(CANDIDATES, arena);
        MemorySegment found = arena.allocate(JAVA_INT);
        var many = new LtDescriptors(arena, spec, MANY, 0);
        int status = CublasLtApi.cublasLtMatmulAlgoGetHeuristic(
                library.handle,
                many.product,
                many.a,
                many.b,
                many.d,
                many.d,
                LtDescriptors.preference(arena, mostWorkspace),
                CANDIDATES,
                results,
                found);
        LtDescriptors.check(status, "cublasLtMatmulAlgoGetHeuristic of " + spec);
        for (int i = 0; i < found.get(JAVA_INT, 0); i++) {
            MemorySegment result = LtHeuristicResult.asSlice(results, i);
            if (LtHeuristicResult.state(result) == CublasLtApi.CUBLAS_STATUS_SUCCESS()) {
                long needed = need(arena, LtHeuristicResult.algorithm(result), mostWorkspace);
                if (needed >= 0) {
                    algorithm.copyFrom(LtHeuristicResult.algorithm(result));
                    return needed;
                }
            }
        }
        throw new CudaException(
                "cublasLtMatmulAlgoGetHeuristic of " + spec,
                "CUBLAS_STATUS_NOT_SUPPORTED",
                CublasLtApi.CUBLAS_STATUS_NOT_SUPPORTED(),
                "no algorithm works with any number of rows and " + mostWorkspace + " bytes of workspace");
    }

    /** The most workspace that an algorithm needs with any of our numbers of rows, or -1 if it cannot work with one of them. */
    private long need(Arena arena, MemorySegment candidate, long mostWorkspace) {
        long most = needAt(arena, candidate, MANY);
        for (int rows : ALSO) {
            long needed = needAt(arena, candidate, rows);
            if (most < 0 || needed < 0) {
                return -1;
            }
            most = Math.max(most, needed);
        }
        return most <= mostWorkspace ? most : -1;
    }

    private long needAt(Arena arena, MemorySegment candidate, long rows) {
        var descriptors = new LtDescriptors(arena, spec, rows, 0);
        MemorySegment result = LtHeuristicResult.allocate(arena);
        int status = CublasLtApi.cublasLtMatmulAlgoCheck(
                library.handle,
                descriptors.product,
                descriptors.a,
                descriptors.b,
                descriptors.d,
                descriptors.d,
                candidate,
                result);
        return status == CublasLtApi.CUBLAS_STATUS_SUCCESS()
                        && LtHeuristicResult.state(result) == CublasLtApi.CUBLAS_STATUS_SUCCESS()
                ? LtHeuristicResult.workspaceBytes(result)
                : -1;
    }

    /**
     * Whether the algorithm takes so many rows. It is asked about each number once, and if it refuses one this is false for ever, whatever the rows, so that no row is
     * multiplied by it and, in another batch, by something else. Allocates nothing for a number that has been asked before.
     */
    public boolean takes(int rows) {
        int[] known = taken;
        return known != null && (Arrays.binarySearch(known, rows) >= 0 || ask(rows));
    }

    private synchronized boolean ask(int rows) {
        int[] known = taken;
        if (known == null) {
            return false;
        }
        int at = Arrays.binarySearch(known, rows);
        if (at >= 0) {
            return true;
        }
        library.enter();
        try (Arena arena = Arena.ofConfined()) {
            long needed = needAt(arena, algorithm, rows);
            if (needed < 0 || needed > workspaceBytes) {
                taken = null;
                return false;
            }
        } finally {
            library.leave();
        }
        var more = new int[known.length + 1];
        System.arraycopy(known, 0, more, 0, -at - 1);
        more[-at - 1] = rows;
        System.arraycopy(known, -at - 1, more, -at, known.length + at + 1);
        taken = more;
        return true;
    }

    public LtSpec spec() {
        return spec;
    }

    /** How much workspace a run must be given. */
    public long workspaceBytes() {
        return workspaceBytes;
    }

    /**
     * Queues {@code y = x w + bias}. Addresses are multiples of 16, the workspace's of 256.
     *
     * @param bias ignored if the kind has none
     * @param workspace ignored if none is needed; no other stream may use it at the same time
     */
    public void run(CuStream stream, int rows, long x, long w, long bias, long y, long workspace) {
        multiply(stream, rows, x, w, bias, y, workspace, ZERO);
    }

    /** Queues {@code y += x w + bias}. */
    public void add(CuStream stream, int rows, long x, long w, long bias, long y, long workspace) {
        multiply(stream, rows, x, w, bias, y, workspace, ONE);
    }

    private void multiply(
            CuStream stream, int rows, long x, long w, long bias, long y, long workspace, MemorySegment beta) {
        check(rows, x, w, bias, y, workspace);
        library.hold(stream.cuda);
        try {
            stream.enter();
            try (Arena arena = Arena.ofConfined()) {
                var descriptors = new LtDescriptors(arena, spec, rows, bias);
                MemorySegment result = MemorySegment.ofAddress(y);
                int status = CublasLtApi.cublasLtMatmul(
                        library.handle,
                        descriptors.product,
                        ONE,
                        MemorySegment.ofAddress(w),
                        descriptors.a,
                        MemorySegment.ofAddress(x),
                        descriptors.b,
                        beta,
                        result,
                        descriptors.d,
                        result,
                        descriptors.d,
                        algorithm,
                        MemorySegment.ofAddress(workspaceBytes == 0 ? 0 : workspace),
                        workspaceBytes,
                        stream.handle);
                LtDescriptors.check(status, operation);
                stream.queued(operation);
            } finally {
                stream.leave();
            }
        } finally {
            library.leave();
        }
    }

    private void check(int rows, long x, long w, long bias, long y, long workspace) {
        if (rows < 1) {
            throw new IllegalArgumentException(spec + ": " + rows + " rows; 1 is the least");
        }
        check("x", x, spec.xBytes(rows), LtDescriptors.ALIGNMENT);
        check("w", w, spec.wBytes(), LtDescriptors.ALIGNMENT);
        check("y", y, spec.yBytes(rows), LtDescriptors.ALIGNMENT);
        if (spec.bias()) {
            check("bias", bias, spec.biasBytes(), LtDescriptors.ALIGNMENT);
        }
        if (workspaceBytes > 0) {
            check("workspace", workspace, workspaceBytes, LtDescriptors.WORKSPACE_ALIGNMENT);
        }
    }

    private void check(String name, long address, long bytes, int alignment) {
        if (address % alignment != 0) {
            throw new IllegalArgumentException(
                    "%s: %s at 0x%x is no multiple of %d".formatted(spec, name, address, alignment));
        }
        library.cuda.allocations.check(name, address, bytes);
    }
}
