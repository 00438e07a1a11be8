package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.io.ModelFiles;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScenarioTest {
    @Test
    void textsAreWholeRealAndOfTheNamedLength() throws IOException {
        try (ModelFiles minilm = ModelFiles.builtIn("minilm")) {
            List<Scenario> scenarios = Scenario.all(minilm.tokenizer());
            assertThat(scenarios).extracting(Scenario::name).containsExactly("query-16", "passage-128", "bulk");
            assertThat(scenarios.get(0).tokensPerCall()).isEqualTo(16);
            assertThat(scenarios.get(1).tokensPerCall()).isEqualTo(128);
            for (Scenario scenario : scenarios) {
                for (List<int[]> call : scenario.calls()) {
                    assertThat(call).allSatisfy(ids -> {
                        List<String> tokens = minilm.tokenizer().tokens(ids);
                        assertThat(tokens).startsWith("[CLS]").endsWith("[SEP]").doesNotContain("[UNK]");
                    });
                    assertThat(call.stream().map(ids -> ids.length)).isSorted();
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
}
