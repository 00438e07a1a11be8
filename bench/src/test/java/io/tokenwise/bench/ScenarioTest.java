package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ScenarioTest {
    @Test
    void textsAreWholeRealAndOfTheNamedLength() throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            List<Scenario> scenarios = Scenario.all(minilm.tokenizer());
            assertThat(scenarios).extracting(Scenario::name).isEqualTo(Scenario.NAMES);
            assertThat(scenarios.get(0).tokensPerCall()).isEqualTo(16);
            assertThat(scenarios.get(1).tokensPerCall()).isEqualTo(128);
            for (Scenario scenario : scenarios) {
                for (List<int[]> call : scenario.calls()) {
                    assertThat(call).allSatisfy(ids -> {
                        List<String> tokens = minilm.tokenizer().tokens(ids);
                        assertThat(tokens).startsWith("[CLS]").endsWith("[SEP]").doesNotContain("[UNK]");
                    });
                }
                long different = scenario.calls().stream()
                        .flatMap(List::stream)
                        .map(Arrays::toString)
                        .distinct()
                        .count();
                assertThat(different).isGreaterThan(7);
            }
        }
    }

    @Test
    void theBulkIsMixedAndTheSameEveryTime() throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            Scenario bulk = Scenario.all(minilm.tokenizer()).get(2);
            int[] lengths = lengths(bulk);
            assertThat(lengths)
                    .isEqualTo(lengths(Scenario.all(minilm.tokenizer()).get(2)));
            assertThat(IntStream.of(lengths).min().orElseThrow()).isLessThan(10);
            assertThat(IntStream.of(lengths).max()).hasValue(256);
            double mean = IntStream.of(lengths).average().orElseThrow();
            long shorter = IntStream.of(lengths).filter(length -> length < mean).count();
            assertThat(shorter).isGreaterThan(lengths.length / 2);
            assertThat(bulk.what()).contains("to 256 tokens, median ", ", mean " + (int) mean);
        }
    }

    private static int[] lengths(Scenario scenario) {
        return scenario.call(0).stream().mapToInt(ids -> ids.length).toArray();
    }
}
