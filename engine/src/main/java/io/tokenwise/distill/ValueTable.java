package io.tokenwise.distill;

import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tokenizer.TokenTypes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Fills the table of a trained gate: what it says of each token of the vocabulary, on average over texts, less a part of the logarithm of how often the token is met. What frequent
 * words carry is in most texts alike: without them a vector moves, and tells texts apart as before (docs/lab/leaving.md).
 */
final class ValueTable {
    private static final long MOST_TOKENS = 2_000_000;
    private static final int BATCH_TOKENS = 1_024;

    /** A token that is seldom or never met has the mean of all, as if that had been met so often. */
    private static final int PRIOR = 2;

    /** Of short texts' tokens that stay. */
    private static final List<Double> SHARES =
            IntStream.rangeClosed(4, 19).mapToObj(twentieth -> twentieth / 20.0).toList();

    private static final double FREQUENCY_WEIGHT = 0.3;

    private final double[] sums;
    private final long[] counts;
    private double sum;
    private long count;

    private ValueTable(int vocabulary) {
        sums = new double[vocabulary];
        counts = new long[vocabulary];
    }

    /** From here on the model looks values up for short texts. */
    static void fill(Encoder model, Backend backend, List<int[]> texts) {
        Leaving leaving = model.leaving().orElseThrow();
        Parameter table = leaving.gate().table();
        var means = new ValueTable(table.value().columns());
        try (var workspace = backend.workspace(
                Sessions.memoryLimit(model, BATCH_TOKENS + model.description().maxTokens()))) {
            var pass = new Pass(backend.stream(), workspace);
            var batch = new TokenBatch();
            long tokens = 0;
            for (int i = 0; i < texts.size() && tokens < MOST_TOKENS; i++) {
                model.add(batch, texts.get(i));
                if (batch.tokens() >= BATCH_TOKENS || i == texts.size() - 1) {
                    tokens += batch.tokens();
                    Tensor embeddings = model.embeddings(pass.begin(Budget.FULL), batch);
                    try (HostTensor values = pass.stream().read(leaving.gate().values(pass, embeddings))) {
                        means.add(batch, values, leaving);
                    }
                    batch.clear();
                }
            }
        }
        try (HostTensor values = table.write()) {
            means.write(values);
        }
        table.changed();
        leaving.useTable(leastWorth(model, texts));
    }

    /** What tokens of short texts must be worth for some shares of them to stay; of all texts if none is short. */
    private static LeastWorth leastWorth(Encoder model, List<int[]> texts) {
        List<int[]> shortOnes = texts.stream()
                .filter(text -> text.length <= StayGate.TABLE_TOKENS)
                .toList();
        Leaving leaving = model.leaving().orElseThrow();
        int first = leaving.plans().first();
        int last = leaving.plans().last();
        List<int[]> counted = shortOnes.isEmpty() ? texts : shortOnes;
        float[] worths = new float
                [counted.stream()
                        .mapToInt(text -> Math.max(0, text.length - first - last))
                        .sum()];
        int at = 0;
        for (int[] text : counted) {
            for (int i = first; i < text.length - last; i++) {
                worths[at++] = leaving.gate().worth(text[i]);
            }
        }
        Arrays.sort(worths);
        long marks = (long) counted.size() * (first + last);
        var least = new ArrayList<Double>();
        for (double share : SHARES) {
            long stay = Math.clamp(Math.round(share * (worths.length + marks)) - marks, 1, worths.length);
            least.add((double) worths[worths.length - (int) stay]);
        }
        return new LeastWorth(StayGate.TABLE_TOKENS, SHARES, least);
    }

    /** Marks, which always stay, do not count. */
    private void add(TokenBatch batch, HostTensor values, Leaving leaving) {
        for (int text = 0; text < batch.sequences(); text++) {
            int from = batch.offsets()[text];
            for (int i = leaving.plans().first();
                    i < batch.length(text) - leaving.plans().last();
                    i++) {
                double value = values.get(from + i, 0);
                int token = TokenTypes.id(batch.inputs()[batch.inputOffsets()[text] + i]);
                sums[token] += value;
                counts[token]++;
                sum += value;
                count++;
            }
        }
    }

    private void write(HostTensor table) {
        double mean = count == 0 ? 0 : sum / count;
        for (int token = 0; token < sums.length; token++) {
            double value = (sums[token] + PRIOR * mean) / (counts[token] + PRIOR);
            table.set(0, token, (float) (value - FREQUENCY_WEIGHT * Math.log1p(counts[token])));
        }
    }
}
