package io.tokenwise.bench;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.classify.LinearClassifier;
import io.tokenwise.model.TextKind;
import io.tokenwise.testdata.WordNet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * WordNet as a search: an example of a word's use should find its definition among all definitions; and their classes, by a linear classifier on
 * the definitions' vectors, each candidate's own.
 */
final class GlossSearch implements QualityTask {
    private static final int CUTOFF = 10;

    /** Of the definitions, most that the classifier learns from, and most that it is judged by. */
    private static final int MOST_TRAINING = 20_000;

    private static final int MOST_TEST = 5_000;

    /** Examples whose cosine to dense is taken. */
    private static final int MOST_COSINES = 1_000;

    private final List<String> examples;
    private final List<String> glosses;
    private final List<String> classes;
    private final int[] targets;
    private final float[][] dense;

    /**
     * Draws queries and definitions by the seed; the definitions that the queries look for are always among them.
     *
     * @param queries how many at most
     * @param documents how many definitions at most, more if the queries look for more
     * @param reference the dense model in float32
     */
    GlossSearch(WordNet wordNet, int queries, int documents, long seed, Embedder reference) {
        List<Integer> asked = drawn(wordNet.examples().size(), queries, seed);
        var found = new LinkedHashSet<Integer>();
        asked.forEach(query -> found.add(wordNet.exampleGlosses().get(query)));
        var others =
                drawn(wordNet.glosses().size(), wordNet.glosses().size(), seed).iterator();
        while (others.hasNext() && found.size() < documents) {
            found.add(others.next());
        }
        List<Integer> collection = found.stream().sorted().toList();
        examples = asked.stream().map(wordNet.examples()::get).toList();
        glosses = collection.stream().map(wordNet.glosses()::get).toList();
        classes = collection.stream().map(wordNet.glossClasses()::get).toList();
        targets = asked.stream()
                .mapToInt(query -> Collections.binarySearch(
                        collection, wordNet.exampleGlosses().get(query)))
                .toArray();
        dense = reference.embed(TextKind.QUERY, examples.subList(0, Math.min(MOST_COSINES, examples.size())));
    }

    /** So many different numbers below a limit, or all, in an order that the seed gives. */
    private static List<Integer> drawn(int limit, int count, long seed) {
        var numbers = new ArrayList<>(IntStream.range(0, limit).boxed().toList());
        Collections.shuffle(numbers, new Random(seed));
        return numbers.subList(0, Math.min(limit, count));
    }

    @Override
    public String what() {
        return "WordNet, " + examples.size() + " examples that look for their definition among " + glosses.size()
                + ", and the classes of " + tests() + " definitions by a linear classifier on the vectors of "
                + trainings() + " others";
    }

    private int tests() {
        return Math.min(MOST_TEST, glosses.size() / 5);
    }

    private int trainings() {
        return Math.min(MOST_TRAINING, glosses.size() - tests());
    }

    @Override
    public Map<Metric, Score> judge(Embedder embedder) throws InterruptedException {
        float[][] documents = embedder.embed(TextKind.PASSAGE, glosses);
        float[][] queries = embedder.embed(TextKind.QUERY, examples);
        try (Backend backend =
                Backends.open(BackendChoice.FLOAT32, Runtime.getRuntime().availableProcessors())) {
            int[] ranks = NearestRanks.of(backend, documents, queries, targets);
            var gains = Score.mean(
                    Arrays.stream(ranks).mapToDouble(GlossSearch::gain).toArray());
            var right = Score.mean(right(backend, documents));
            return QualityTask.with(
                    Map.of(Metric.NDCG_GLOSSES, gains, Metric.ACCURACY_CLASSES, right),
                    Metric.COSINE_EXAMPLES,
                    dense,
                    queries);
        }
    }

    /** nDCG@10 with one relevant document. */
    private static double gain(int rank) {
        return rank <= CUTOFF ? Math.log(2) / Math.log(rank + 1) : 0;
    }

    /** 1 for each definition of the test whose class is found, else 0. */
    private double[] right(Backend backend, float[][] documents) throws InterruptedException {
        List<Integer> order = drawn(documents.length, documents.length, 1);
        List<Integer> test = order.subList(0, tests());
        List<Integer> training = order.subList(tests(), tests() + trainings());
        var classifier = LinearClassifier.train(
                backend,
                training.stream().map(i -> documents[i]).toArray(float[][]::new),
                training.stream().map(classes::get).toList());
        return test.stream()
                .mapToDouble(i -> classifier.classify(documents[i]).equals(classes.get(i)) ? 1 : 0)
                .toArray();
    }
}
