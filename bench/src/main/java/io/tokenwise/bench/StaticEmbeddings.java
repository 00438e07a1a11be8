package io.tokenwise.bench;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.model.TextKind;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Static token embeddings distilled from a teacher by Model2Vec's recipe (Tulkens and van Dongen 2024, github.com/MinishLab/model2vec): each token of the vocabulary
 * goes through the teacher alone; its vector is the mean of the states of {@code [SEP] token [CLS]}, in this order as Model2Vec has it; from all
 * vectors their mean is taken, which is what PCA does that keeps all dimensions (its turn changes no cosine); and each is weighted by
 * {@code a / (a + p)} with {@code a = 1e-4} and p by Zipf's law from the token's place in the vocabulary. A text's vector is the mean of its tokens'.
 */
final class StaticEmbeddings implements Embedder {
    /** Model2Vec's default, after Arora et al. 2017 (smooth inverse frequency). */
    private static final double SMOOTHING = 1e-4;

    private static final int BATCH_TOKENS = 256;

    private final Tokenizer tokenizer;

    /** {@code [vocabulary][hidden]}. */
    private final float[][] table;

    private StaticEmbeddings(Tokenizer tokenizer, float[][] table) {
        this.tokenizer = tokenizer;
        this.table = table;
    }

    /** Runs the whole vocabulary through the teacher, which takes its time. */
    static StaticEmbeddings of(TextEncoder teacher) {
        Tokenizer tokenizer = teacher.model().files().tokenizer();
        int[] empty = tokenizer.encode("").ids();
        int[] ids = IntStream.range(0, tokenizer.vocabularySize()).toArray();
        // Places that BERT's vocabulary keeps free: no text has them, and Model2Vec leaves them out of the order.
        boolean[] occurs = new boolean[ids.length];
        List<String> names = tokenizer.tokens(ids);
        for (int id : ids) {
            occurs[id] = !names.get(id).startsWith("[unused");
        }
        return new StaticEmbeddings(tokenizer, weighted(alone(teacher, empty[0], empty[1]), occurs));
    }

    /** The same with its table trained further, to give what a teacher gives the texts. */
    StaticEmbeddings trained(TeacherVectors teacher, long seed) {
        List<int[]> ids = teacher.texts().stream().map(text -> tokens("", text)).toList();
        return new StaticEmbeddings(tokenizer, TableTraining.of(table, ids, teacher, seed));
    }

    /** What the teacher makes of each token without others, {@code [vocabulary][hidden]}. */
    private static float[][] alone(TextEncoder teacher, int cls, int sep) {
        var vectors = new ArrayList<float[]>();
        int vocabulary = teacher.model().files().tokenizer().vocabularySize();
        try (var workspace = teacher.model().backend().workspace(Long.MAX_VALUE)) {
            var pass = new Pass(teacher.model().backend().stream(), workspace);
            for (int from = 0; from < vocabulary; from += BATCH_TOKENS) {
                var batch = new TokenBatch();
                int to = Math.min(vocabulary, from + BATCH_TOKENS);
                for (int id = from; id < to; id++) {
                    batch.add(new int[] {sep, id, cls});
                }
                workspace.reset();
                try (HostTensor states =
                        pass.stream().read(teacher.model().encoder().tokens(pass.begin(Budget.FULL), batch))) {
                    for (int text = 0; text < to - from; text++) {
                        vectors.add(mean(states, 3 * text, 3));
                    }
                }
            }
        }
        return vectors.toArray(float[][]::new);
    }

    private static float[] mean(HostTensor rows, int from, int count) {
        var mean = new float[rows.columns()];
        for (int row = from; row < from + count; row++) {
            for (int i = 0; i < mean.length; i++) {
                mean[i] += rows.get(row, i) / count;
            }
        }
        return mean;
    }

    /**
     * Takes the mean from all vectors and weights them by their places.
     *
     * @param vectors {@code [vocabulary][hidden]}, the more frequent tokens first
     * @param occurs which of them count; the others become zeros
     */
    static float[][] weighted(float[][] vectors, boolean[] occurs) {
        int hidden = vectors[0].length;
        var mean = new double[hidden];
        int count = 0;
        double harmonic = 0;
        for (int id = 0; id < vectors.length; id++) {
            if (occurs[id]) {
                for (int i = 0; i < hidden; i++) {
                    mean[i] += vectors[id][i];
                }
                harmonic += 1.0 / (count + 2);
                count++;
            }
        }
        var table = new float[vectors.length][hidden];
        int place = 0;
        for (int id = 0; id < vectors.length; id++) {
            if (occurs[id]) {
                double probability = 1.0 / (place + 2) / harmonic;
                double weight = SMOOTHING / (SMOOTHING + probability);
                for (int i = 0; i < hidden; i++) {
                    table[id][i] = (float) (weight * (vectors[id][i] - mean[i] / count));
                }
                place++;
            }
        }
        return table;
    }

    /** Nothing: its token vectors know of no kinds of texts. */
    @Override
    public String prefix(TextKind kind) {
        return "";
    }

    @Override
    public int[] tokens(String prefix, String text) {
        return tokenizer.encode(prefix + text).ids();
    }

    @Override
    public float[][] encode(List<int[]> texts) {
        return texts.stream().map(ids -> mean(table, ids)).toArray(float[][]::new);
    }

    /** The mean of a text's tokens without the special ones at its ends, scaled to length 1; zeros if there is none. */
    static float[] mean(float[][] table, int[] ids) {
        return Embedder.unit(sum(table, ids));
    }

    /** The sum of a text's tokens without the special ones at its ends. */
    static float[] sum(float[][] table, int[] ids) {
        var sum = new float[table[0].length];
        for (int t = 1; t < ids.length - 1; t++) {
            float[] token = table[ids[t]];
            for (int i = 0; i < sum.length; i++) {
                sum[i] += token[i];
            }
        }
        return sum;
    }
}
