package io.tokenwise.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.tokenwise.natives.cuda.CuStream;
import io.tokenwise.natives.cuda.CublasLt;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.LtProduct;
import io.tokenwise.natives.cuda.LtSpec;
import io.tokenwise.natives.cuda.LtType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;

/** The same products by cuBLASLt: seconds of one, NaN where there is none. */
final class CudaLtProducts {
    /** What NVIDIA advises for Hopper. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    /** As ours repeat theirs. */
    private static final int REPEATED = 100_003;

    private final Cuda cuda;
    private final CublasLt library;
    private final LtType type;
    private final int repeats;
    private final Interleaved times;

    private CudaLtProducts(Cuda cuda, CublasLt library, LtType type, int repeats, Interleaved times) {
        this.cuda = cuda;
        this.library = library;
        this.type = type;
        this.repeats = repeats;
        this.times = times;
    }

    static double[] times(LtType type, Supplier<List<CudaGemmTable.Case>> cases, int repeats, Interleaved times)
            throws CudaUnavailableException {
        List<CudaGemmTable.Case> all = cases.get();
        try (Cuda cuda = Cuda.open()) {
            CublasLt library;
            try {
                library = CublasLt.open(cuda);
            } catch (CudaUnavailableException e) {
                // The table's head says why.
                var none = new double[all.size()];
                Arrays.fill(none, Double.NaN);
                return none;
            }
            try (library) {
                var products = new CudaLtProducts(cuda, library, type, repeats, times);
                return all.stream().mapToDouble(products::seconds).toArray();
            }
        }
    }

    private double seconds(CudaGemmTable.Case c) {
        LtProduct product;
        try {
            product = library.product(new LtSpec(c.k(), c.n(), type, false, false, false), WORKSPACE_BYTES);
        } catch (CudaException e) {
            return Double.NaN;
        }
        long x = 0;
        long w = 0;
        long y = 0;
        long workspace = 0;
        try (CuStream stream = cuda.stream()) {
            x = random(stream, (long) c.rows() * c.k());
            w = random(stream, (long) c.k() * c.n());
            y = cuda.allocate((long) c.rows() * c.n() * Float.BYTES);
            workspace = cuda.allocate(Math.max(256, product.workspaceBytes()));
            long[] at = {x, w, y, workspace};
            Runnable work = () -> {
                for (int i = 0; i < repeats; i++) {
                    product.run(stream, c.rows(), at[0], at[1], 0, at[2], at[3]);
                }
                stream.synchronize();
            };
            return times.medians(List.of(work))[0] / repeats;
        } finally {
            for (long memory : new long[] {x, w, y, workspace}) {
                if (memory != 0) {
                    cuda.free(memory);
                }
            }
        }
    }

    /** Numbers as in ours: products of zeros draw less power, and run at a higher clock. */
    private long random(CuStream stream, long count) {
        var random = new Random(1);
        boolean narrow = type == LtType.BF16;
        long bytes = count * (narrow ? Short.BYTES : Float.BYTES);
        long memory = cuda.allocate(bytes);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(bytes, Float.BYTES);
            float[] few = new float[REPEATED];
            for (int i = 0; i < REPEATED; i++) {
                few[i] = (float) random.nextGaussian();
            }
            for (long i = 0; i < count; i++) {
                float value = few[(int) (i % REPEATED)];
                if (narrow) {
                    host.setAtIndex(JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> Short.SIZE));
                } else {
                    host.setAtIndex(JAVA_FLOAT, i, value);
                }
            }
            stream.copyToDevice(memory, host, bytes);
            stream.synchronize();
        }
        return memory;
    }
}
