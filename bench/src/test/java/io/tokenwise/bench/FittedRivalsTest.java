package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextKind;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Rivals that are fitted to the dense model's vectors. */
class FittedRivalsTest {
    private static final EngineOptions ONE_THREAD =
            EngineOptions.defaults().withThreads(1).withConcurrentCalls(1);

    private static double cosine(float[][] vectors, float[][] wanted, int from) {
        double sum = 0;
        for (int i = from; i < vectors.length; i++) {
            sum += Quality.dot(vectors[i], wanted[i]) / (vectors.length - from);
        }
        return sum;
    }

    @Test
    void theMapBringsFirstLayersNearerToTheWholeModel() throws IOException {
        List<String> texts = TeacherVectors.draw(WordNet.load().glosses(), 3).subList(0, 300);
        try (TextEncoder whole = TextEncoder.open("minilm", ONE_THREAD);
                TextEncoder two = TextEncoder.open(Models.builtIn("minilm").firstLayers(2), ONE_THREAD)) {
            var first = new OwnEmbedder(two, Budget.FULL);
            TeacherVectors teacher = TeacherVectors.of(new OwnEmbedder(whole, Budget.FULL), texts);
            EarlyExit exit = EarlyExit.fitted(first, teacher);
            int from = teacher.fitted();
            assertThat(from).isEqualTo(270);
            double without = cosine(first.embed(TextKind.TEXT, texts), teacher.vectors(), from);
            double with = cosine(exit.embed(TextKind.TEXT, texts), teacher.vectors(), from);
            assertThat(1 - with)
                    .as("distance of texts that it was not fitted to")
                    .isLessThan(0.9 * (1 - without));
            assertThat(exit.tokens("a ", "text")).isEqualTo(first.tokens("", "a text"));
        }
    }

    @Test
    void allLayersAreTheWholeModelAndNoMoreAreThere() throws IOException {
        try (TextEncoder whole = TextEncoder.open("minilm", ONE_THREAD);
                TextEncoder six = TextEncoder.open(Models.builtIn("minilm").firstLayers(6), ONE_THREAD);
                ModelFiles files = Models.builtIn("minilm")) {
            List<String> texts = List.of("one text", "and another one");
            assertThat(new OwnEmbedder(six, Budget.FULL).embed(TextKind.TEXT, texts))
                    .isDeepEqualTo(new OwnEmbedder(whole, Budget.FULL).embed(TextKind.TEXT, texts));
            for (int layers : new int[] {0, 7}) {
                assertThatThrownBy(() -> files.firstLayers(layers))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("the first " + layers + " layers of 6: must be 1 to 6");
            }
        }
    }

    /** Texts whose vectors are means of another table's rows. */
    @Test
    void aTableLearnsAnotherOne() {
        var random = new Random(2);
        float[][] wanted = table(random);
        float[][] untrained = table(random);
        List<int[]> texts = IntStream.range(0, 800)
                .mapToObj(_ -> {
                    int[] ids = random.ints(6, 1, wanted.length).toArray();
                    ids[0] = 0;
                    ids[5] = 0;
                    return ids;
                })
                .toList();
        var teacher = new TeacherVectors(texts.stream().map(Arrays::toString).toList(), vectors(wanted, texts));
        float[][] before = Arrays.stream(untrained).map(float[]::clone).toArray(float[][]::new);
        float[][] trained = TableTraining.of(untrained, texts, teacher, 1);
        int from = teacher.fitted();
        assertThat(cosine(vectors(untrained, texts), teacher.vectors(), from)).isLessThan(0.3);
        assertThat(cosine(vectors(trained, texts), teacher.vectors(), from)).isGreaterThan(0.7);
        assertThat(untrained).isDeepEqualTo(before);
        assertThat(trained[0]).as("marks are in no mean").containsExactly(before[0]);
        assertThat(TableTraining.of(untrained, texts, teacher, 1)).isDeepEqualTo(trained);
    }

    private static float[][] table(Random random) {
        var table = new float[40][8];
        for (float[] row : table) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        return table;
    }

    private static float[][] vectors(float[][] table, List<int[]> texts) {
        return texts.stream().map(ids -> StaticEmbeddings.mean(table, ids)).toArray(float[][]::new);
    }

    @Test
    void someTextsAreDrawnAndTooFewAreRefused() {
        List<String> many = IntStream.range(0, 7_000).mapToObj(i -> "text " + i).toList();
        assertThat(TeacherVectors.draw(many, 1))
                .hasSize(6_000)
                .doesNotHaveDuplicates()
                .isEqualTo(TeacherVectors.draw(many, 1))
                .isNotEqualTo(TeacherVectors.draw(many, 2));
        assertThatThrownBy(() -> TeacherVectors.of(null, many.subList(0, 19)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("19 are too few, give 20");
    }
}
