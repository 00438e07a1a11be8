package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.TokenBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Milliseconds per text, one text a call, for several ways to run it: interleaved round by round after warm-up, medians. */
final class LatencyTable {
    private static final int WARM_UP_ROUNDS = 30;

    private final List<Way> ways = new ArrayList<>();
    private final List<TokenBatch> texts;

    private record Way(TextEncoder model, Budget budget, float[] vector) {}

    /** @param texts of the same length; rounds take turns with them */
    LatencyTable(List<int[]> texts) {
        this.texts = texts.stream().map(ids -> TokenBatch.of(ids)).toList();
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

    /** Adds a way to run the texts; its place is its number. */
    void add(TextEncoder model, Budget budget) {
        ways.add(new Way(model, budget, new float[model.encoder().hidden()]));
    }

    /** Median milliseconds of each way. */
    double[] medians(int rounds, Runnable afterRound) throws InterruptedException {
        var nanos = new long[ways.size()][rounds];
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            TokenBatch text = texts.get(Math.floorMod(round, texts.size()));
            for (int i = 0; i < ways.size(); i++) {
                Way way = ways.get(i);
                long start = System.nanoTime();
                way.model.sessions().encode(text, way.budget, null, way.vector);
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
