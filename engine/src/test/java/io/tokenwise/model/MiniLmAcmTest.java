package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.Embedding;
import io.tokenwise.Spent;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The model that comes with the build is MiniLM at full budget, nearly, and near to it at less of the time. */
class MiniLmAcmTest {
    private static final EngineOptions FLOAT32 = EngineOptions.defaults().withBackend(BackendChoice.FLOAT32);

    private static WordNet wordNet;
    private static List<Embedding> ofMiniLm;

    @BeforeAll
    static void load() throws IOException {
        wordNet = WordNet.load();
    }

    @ParameterizedTest
    @CsvSource({"1, .998", ".85, .95", ".7, .92", ".5, .84"})
    void isNearMiniLm(double time, double cosine) throws IOException {
        assumeTrue(Models.defaultName().equals("minilm-acm"), "module minilm-acm has no model yet");
        List<String> texts = wordNet.examples().subList(0, 200);
        try (TextEncoder shipped = TextEncoder.open("minilm-acm", FLOAT32)) {
            assertThat(shipped.model().encoder().teacher()).isEqualTo("minilm");
            List<Embedding> wanted = ofMiniLm(texts);
            assertThat(IntStream.range(0, texts.size())
                            .mapToDouble(i ->
                                    shipped.embed(texts.get(i), Budget.of(time)).cosine(wanted.get(i)))
                            .average()
                            .orElseThrow())
                    .isGreaterThan(cosine);
        }
    }

    /** By the tables that come with the build, or this machine's: whichever they are, short texts cost no more on average, and none more than the dense model. */
    @ParameterizedTest
    @ValueSource(doubles = {.5, .7, .85})
    void spendsNoMoreTimeThanABudgetSays(double share) throws IOException {
        assumeTrue(Models.defaultName().equals("minilm-acm"), "module minilm-acm has no model yet");
        // Of two words none can leave.
        List<String> texts = wordNet.examples().stream()
                .filter(text -> text.split(" ").length >= 6)
                .limit(100)
                .toList();
        try (TextEncoder shipped = TextEncoder.open("minilm-acm")) {
            double sum = 0;
            for (String text : texts) {
                Spent spent = shipped.embed(text, Budget.of(share)).spent();
                sum += spent.time();
                assertThat(spent.time()).as(text).isBetween(.2, 1.0);
                assertThat(spent.flops()).as(text).isBetween(.1, 1.0);
            }
            assertThat(sum / texts.size()).isBetween(share / 2, 1.1 * share);
        }
    }

    /** The same for all budgets. */
    private static List<Embedding> ofMiniLm(List<String> texts) throws IOException {
        if (ofMiniLm == null) {
            try (TextEncoder minilm = TextEncoder.open("minilm", FLOAT32)) {
                ofMiniLm = texts.stream().map(minilm::embed).toList();
            }
        }
        return ofMiniLm;
    }
}
