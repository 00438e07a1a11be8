package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.OneDnn;
import io.tokenwise.natives.OneDnnUnavailableException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Matrix products on one thread: our kernels beside ONNX Runtime's MatMul and oneDNN's in float32, which take turns in one run; medians. All go
 * round {@link #WEIGHTS} weight matrices, as the layers of a model do, so that small products do not find their weights in the first-level cache.
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
        try (OneDnn oneDnn = openOneDnn(out)) {
            out.printf(
                    "%-18s %5s %5s %5s %12s %12s %8s %14s %8s %12s%n",
                    "shape", "m", "n", "k", "GFLOP/s", "ORT GFLOP/s", "ratio", "oneDNN GFLOP/s", "ratio", "micros");
            for (GemmShape shape : GemmShape.ALL) {
                if (wanted.isEmpty() || wanted.contains(shape.name())) {
                    print(out, shape, measure(kernels, oneDnn, shape));
                }
            }
        }
    }

    /** Null if there is none here: then its columns are NaN. */
    private static OneDnn openOneDnn(PrintStream out) {
        try {
            OneDnn oneDnn = OneDnn.open();
            out.printf("oneDNN: %s, %s%n", oneDnn.version(), oneDnn.isa());
            return oneDnn;
        } catch (OneDnnUnavailableException e) {
            out.println("oneDNN: " + e.getMessage());
            return null;
        }
    }

    private static void print(PrintStream out, GemmShape shape, double[] seconds) {
        double giga = shape.flops() * 1e-9;
        out.printf(
                "%-18s %5d %5d %5d %12.1f %12.1f %8.3f %14.1f %8.3f %12.2f%n",
                shape.name(),
                shape.m(),
                shape.n(),
                shape.k(),
                giga / seconds[0],
                giga / seconds[1],
                seconds[1] / seconds[0],
                giga / seconds[2],
                seconds[2] / seconds[0],
                seconds[0] * 1e6);
    }

    /** Median seconds of one product: ours, ONNX Runtime's, oneDNN's. */
    private static double[] measure(Kernels kernels, OneDnn oneDnn, GemmShape shape) throws OrtException {
        Random random = new Random(1);
        float[] a = gaussian(random, shape.m() * shape.k());
        float[][] weights = new float[WEIGHTS][];
        for (int i = 0; i < WEIGHTS; i++) {
            weights[i] = gaussian(random, shape.k() * shape.n());
        }
        try (var ours = new OwnGemm(kernels, shape, a, weights);
                var ort = new OrtGemm(shape, a, weights);
                var dnn = oneDnn == null ? null : new OneDnnGemm(oneDnn, shape, a, weights)) {
            var all = new ArrayList<GemmContender>(List.of(ours, ort));
            if (dnn != null) {
                all.add(dnn);
            }
            all.forEach(GemmContender::run);
            all.stream().skip(1).forEach(other -> checkSame(ours, other, shape));
            double[] seconds = TIMES.medians(
                    all.stream().<Runnable>map(contender -> contender::run).toList());
            return IntStream.range(0, 3)
                    .mapToDouble(i -> i < seconds.length ? seconds[i] / WEIGHTS : Double.NaN)
                    .toArray();
        }
    }

    private static float[] gaussian(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static void checkSame(GemmContender ours, GemmContender theirs, GemmShape shape) {
        // Two float sums of k products of unit variance differ by a few rounding errors of their norm.
        double tolerance = 8 * Math.ulp(1f) * shape.k();
        for (int weight = 0; weight < WEIGHTS; weight++) {
            for (int i = 0; i < shape.m() * shape.n(); i++) {
                float own = ours.result(weight, i);
                float other = theirs.result(weight, i);
                if (!(Math.abs(own - other) <= tolerance)) {
                    throw new IllegalStateException(shape.name() + ": element " + i + " is " + own + " here and "
                            + other + " by " + theirs.getClass().getSimpleName());
                }
            }
        }
    }
}
