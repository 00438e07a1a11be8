package io.tokenwise.bench;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.AttentionForm;
import io.tokenwise.op.FormedAttention;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What a window saves of the time of attention between its projections, of ModernBERT-base's sizes (12 heads of 64), one thread: a token sees so many on
 * either side, or all. Who saw all that a window hides would save as much as there is less to see, but for tiles at a window's ends.
 *
 * @param side how many tokens before and after its own a token sees
 */
record WindowBench(OwnEngine engine, int side) {
    private static final int HEADS = 12;
    private static final int HEAD_SIZE = 64;
    private static final int HIDDEN = HEADS * HEAD_SIZE;
    private static final Interleaved TIMES = new Interleaved(9, 1_000_000_000L, 20_000_000L);

    void run(List<Integer> lengths, PrintWriter out) {
        out.printf(
                "attention of %d heads of %d, %s, one thread, medians of %d%n",
                HEADS, HEAD_SIZE, engine.name(), TIMES.rounds());
        out.printf("%8s %10s %14s %8s %14s%n", "tokens", "all ms", "window ms", "share", "of the scores");
        try (Backend backend = engine.open(1);
                var parameters = new Parameters(backend)) {
            Stream stream = backend.stream();
            for (int length : lengths) {
                Tensor qkv = parameters.constant(length, 3 * HIDDEN);
                randomize(backend, qkv);
                Tensor context = parameters.constant(length, HIDDEN);
                var work = new ArrayList<Runnable>();
                for (int each : new int[] {AttentionForm.ALL, side}) {
                    float scale = (float) AttentionForm.usualScale(HEAD_SIZE);
                    var form = new FormedAttention.Form(HEADS, HEADS, HEAD_SIZE, scale, each, each, null);
                    int[] offsets = {0, length};
                    work.add(() -> FormedAttention.forward(stream, qkv, form, offsets, 1, null, context, null));
                }
                double[] seconds = TIMES.medians(work);
                out.printf(
                        "%8d %10.2f %14.2f %8.3f %14.3f%n",
                        length, 1e3 * seconds[0], 1e3 * seconds[1], seconds[1] / seconds[0], seen(length));
                out.flush();
            }
        }
    }

    /** The share of pairs of tokens within the window. */
    private double seen(int length) {
        double pairs = 0;
        for (int i = 0; i < length; i++) {
            pairs += Math.min(length - 1, i + side) - Math.max(0, i - side) + 1;
        }
        return pairs / length / length;
    }

    private static void randomize(Backend backend, Tensor x) {
        var random = new Random(1);
        try (HostTensor values = backend.write(x)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
        }
    }
}
