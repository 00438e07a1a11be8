package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.GemmCall;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.Scratch;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;

/**
 * Matrix products on one thread: our kernels beside ONNX Runtime's MatMul, the two taking turns in one run; medians. Both go round
 * {@link #WEIGHTS} weight matrices, as the layers of a model do, so that small products do not find their weights in the first-level cache.
 * Arguments: names of shapes, or none for all.
 */
public final class GemmBench {
    /** MiniLM has six layers. */
    private static final int WEIGHTS = 6;

    private static final Interleaved TIMES = new Interleaved(31, 1_000_000_000L, 20_000_000L);

    private GemmBench() {}

    public static void main(String[] names) throws OrtException {
        List<String> wanted = List.of(names);
        Kernels kernels = Kernels.choose();
        PrintStream out = System.out;
        out.printf("kernels: %s (%s)%n", kernels.name(), kernels.why());
        out.printf(
                "%-18s %5s %5s %5s %12s %12s %8s %12s%n",
                "shape", "m", "n", "k", "GFLOP/s", "ORT GFLOP/s", "ratio", "micros");
        for (GemmShape shape : GemmShape.ALL) {
            if (wanted.isEmpty() || wanted.contains(shape.name())) {
                double[] seconds = measure(kernels, shape);
                out.printf(
                        "%-18s %5d %5d %5d %12.1f %12.1f %8.3f %12.2f%n",
                        shape.name(),
                        shape.m(),
                        shape.n(),
                        shape.k(),
                        shape.flops() / seconds[0] * 1e-9,
                        shape.flops() / seconds[1] * 1e-9,
                        seconds[1] / seconds[0],
                        seconds[0] * 1e6);
            }
        }
    }

    /** Median seconds of one product: ours, ONNX Runtime's. */
    private static double[] measure(Kernels kernels, GemmShape shape) throws OrtException {
        Random random = new Random(1);
        float[] a = gaussian(random, shape.m() * shape.k());
        float[][] weights = new float[WEIGHTS][];
        for (int i = 0; i < WEIGHTS; i++) {
            weights[i] = gaussian(random, shape.k() * shape.n());
        }
        try (Arena arena = Arena.ofConfined();
                OrtGemm theirs = new OrtGemm(shape, a, weights)) {
            OwnGemm ours = new OwnGemm(kernels, shape, a, weights, arena);
            ours.run();
            theirs.run();
            checkSame(ours, theirs, shape);
            double[] seconds = TIMES.medians(List.of(ours::run, theirs::run));
            return new double[] {seconds[0] / WEIGHTS, seconds[1] / WEIGHTS};
        }
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void checkSame(OwnGemm ours, OrtGemm theirs, GemmShape shape) {
        // Two float sums of k products of unit variance differ by a few rounding errors of their norm.
        double tolerance = 8 * Math.ulp(1f) * shape.k();
        for (int weight = 0; weight < WEIGHTS; weight++) {
            for (int i = 0; i < shape.m() * shape.n(); i++) {
                float own = ours.results[weight].get(i);
                float ort = theirs.result(weight, i);
                if (!(Math.abs(own - ort) <= tolerance)) {
                    throw new IllegalStateException(
                            shape.name() + ": element " + i + " is " + own + " here and " + ort + " in ONNX Runtime");
                }
            }
        }
    }

    /** Our kernels on the operands of one shape. */
    private static final class OwnGemm {
        private final Kernels kernels;
        private final GemmCall call = new GemmCall();
        private final Scratch scratch = new Scratch();
        private final Floats[] packed = new Floats[WEIGHTS];
        private final Floats[] results = new Floats[WEIGHTS];

        OwnGemm(Kernels kernels, GemmShape shape, float[] a, float[][] weights, Arena arena) {
            this.kernels = kernels;
            call.m = shape.m();
            call.n = shape.n();
            call.k = shape.k();
            call.a = floats(arena, a);
            call.aStride = shape.k();
            call.cStride = shape.n();
            int columns = kernels.gemm().panelColumns();
            int panels = (shape.n() + columns - 1) / columns;
            for (int i = 0; i < WEIGHTS; i++) {
                packed[i] = floats(arena, new float[(int) kernels.gemm().packedFloats(shape.k(), shape.n())]);
                kernels.gemm()
                        .pack(floats(arena, weights[i]), shape.n(), false, shape.k(), shape.n(), packed[i], 0, panels);
                results[i] = floats(arena, new float[shape.m() * shape.n()]);
            }
        }

        private static Floats floats(Arena arena, float[] values) {
            Floats floats = new Floats(arena.allocate((long) values.length * Float.BYTES, 64), 0);
            for (int i = 0; i < values.length; i++) {
                floats.set(i, values[i]);
            }
            return floats;
        }

        void run() {
            for (int i = 0; i < WEIGHTS; i++) {
                call.packedB = packed[i];
                call.c = results[i];
                kernels.gemm().multiply(call, 0, call.m, 0, call.n, scratch);
            }
        }
    }
}
