package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.OpenModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Milliseconds per input, one a call, for several ways to run it: interleaved round by round after warm-up, medians. */
final class LatencyTable {
    private static final int WARM_UP_ROUNDS = 30;

    private final List<Way> ways = new ArrayList<>();
    private final List<TokenBatch> inputs;

    private record Way(OpenModel model, Budget budget, float[] vector) {}

    /**
     * @param inputs of the same length; rounds take turns with them
     * @param model that they are for
     */
    LatencyTable(List<int[]> inputs, Encoder model) {
        this.inputs = inputs.stream()
                .map(input -> {
                    var batch = new TokenBatch();
                    model.add(batch, input);
                    return batch;
                })
                .toList();
    }

    /** Texts of exactly {@code tokens} tokens, each made of following sequences; CLS and SEP stay at the ends. */
    static List<int[]> textsOf(int tokens, List<int[]> sequences, int count) {
        var texts = new ArrayList<int[]>();
        int next = 0;
        while (texts.size() < count) {
            var text = new int[tokens];
            int filled = 0;
            int separator = 0;
            while (filled < tokens) {
                int[] sequence = sequences.get(next++ % sequences.size());
                int from = filled == 0 ? 0 : 1;
                int taken = Math.min(sequence.length - 1 - from, tokens - filled);
                System.arraycopy(sequence, from, text, filled, taken);
                filled += taken;
                separator = sequence[sequence.length - 1];
            }
            text[tokens - 1] = separator;
            texts.add(text);
        }
        return texts;
    }

    /** Adds a way to run the inputs; its place is its number. */
    void add(OpenModel model, Budget budget) {
        ways.add(new Way(model, budget, new float[model.encoder().outputs()]));
    }

    /** Median milliseconds of each way. */
    double[] medians(int rounds, Runnable afterRound) throws InterruptedException {
        var nanos = new long[ways.size()][rounds];
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            TokenBatch input = inputs.get(Math.floorMod(round, inputs.size()));
            for (int i = 0; i < ways.size(); i++) {
                Way way = ways.get(i);
                long start = System.nanoTime();
                way.model.sessions().encode(input, way.budget, null, way.vector);
                if (round >= 0) {
                    nanos[i][round] = System.nanoTime() - start;
                }
            }
            afterRound.run();
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
        }
        return Arrays.stream(nanos).mapToDouble(LatencyTable::medianMillis).toArray();
    }

    /** Rounds that {@link #medians} makes in all. */
    static int allRounds(int rounds) {
        return WARM_UP_ROUNDS + rounds;
    }

    private static double medianMillis(long[] nanos) {
        Arrays.sort(nanos);
        return (nanos[(nanos.length - 1) / 2] + nanos[nanos.length / 2]) / 2e6;
    }
}
