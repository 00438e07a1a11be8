package io.tokenwise.bench;

import io.tokenwise.testdata.SharedData;
import io.tokenwise.testdata.Spearman;
import io.tokenwise.testdata.StsPairs;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * How good a contender's vectors are.
 *
 * @param spearman rank correlation of its cosines with people's scores on STS-B's development set; null without that set
 * @param meanCosine to the dense float32 model's vectors
 * @param lowestCosine to the same, of all texts
 */
record Quality(Double spearman, double meanCosine, double lowestCosine) {
    private static final int WORDNET_TEXTS = 400;

    /**
     * Texts to judge by.
     *
     * @param what one line for people
     * @param texts token ids; with scores, texts 2i and 2i + 1 are pair i
     * @param scores people's, empty if there are none
     */
    record Texts(String what, List<int[]> texts, double[] scores) {
        /** STS-B's development set if it is there, else some of WordNet's examples. */
        static Texts find(Tokenizer tokenizer) throws IOException {
            Optional<Path> stsb = SharedData.find().stsbDev();
            if (stsb.isEmpty()) {
                List<String> examples = WordNet.load().examples();
                var texts = new ArrayList<int[]>();
                for (int i = 0; i < WORDNET_TEXTS; i++) {
                    texts.add(tokenizer
                            .encode(examples.get((int) ((long) i * examples.size() / WORDNET_TEXTS)))
                            .ids());
                }
                return new Texts(
                        WORDNET_TEXTS + " of WordNet's examples, some of which demo's model was trained on;"
                                + " skipped: Spearman on STS-B, which no registry has (no stsb/dev.csv in shared/data)",
                        texts,
                        new double[0]);
            }
            List<StsPairs.Pair> pairs = StsPairs.read(stsb.get());
            var texts = new ArrayList<int[]>();
            for (StsPairs.Pair pair : pairs) {
                texts.add(tokenizer.encode(pair.first()).ids());
                texts.add(tokenizer.encode(pair.second()).ids());
            }
            return new Texts(
                    "the " + pairs.size() + " pairs of STS-B's development set",
                    texts,
                    pairs.stream().mapToDouble(StsPairs.Pair::score).toArray());
        }
    }

    /** @param dense the dense float32 model's vectors of the texts */
    static Quality of(Contender contender, Texts texts, float[][] dense) {
        float[][] vectors = contender.callers().get().encode(texts.texts);
        double[] cosines = cosines(dense, vectors);
        Double spearman = null;
        if (texts.scores.length > 0) {
            var likeness = new double[texts.scores.length];
            Arrays.setAll(likeness, i -> dot(vectors[2 * i], vectors[2 * i + 1]));
            spearman = Spearman.correlation(likeness, texts.scores);
        }
        return new Quality(
                spearman,
                Arrays.stream(cosines).average().orElseThrow(),
                Arrays.stream(cosines).min().orElseThrow());
    }

    /** The cosine of each pair of vectors of length 1. */
    static double[] cosines(float[][] a, float[][] b) {
        var cosines = new double[a.length];
        Arrays.setAll(cosines, i -> dot(a[i], b[i]));
        return cosines;
    }

    /** Of vectors of length 1 their cosine. */
    static double dot(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }
}
