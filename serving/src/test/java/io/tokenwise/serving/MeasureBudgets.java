package io.tokenwise.serving;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.EngineOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Writes the simulator's table: what minilm-acm's budgets take as predicted, and lose, of texts of some lengths. No test; it is run by
 * {@code ./tokenwise test serving -Dtest=MeasureBudgets -Dtokenwise.texts=FILE}, a text of more than 128 tokens a line, and leaves {@code serving/target/budgets.csv}.
 */
class MeasureBudgets {
    static final int[] LENGTHS = {12, 16, 24, 32, 48, 64, 96, 128};

    @Test
    @EnabledIfSystemProperty(named = "tokenwise.texts", matches = ".+")
    void write() throws IOException {
        List<String> texts = Files.readAllLines(Path.of(System.getProperty("tokenwise.texts")));
        var lines = new ArrayList<>(List.of("tokens,sixteenths,time,loss,typicalLoss"));
        try (var encoder =
                TextEncoder.open("minilm-acm", EngineOptions.defaults().withThreads(1))) {
            var model = new ServedEncoder("minilm-acm", encoder.model());
            for (int tokens : LENGTHS) {
                List<int[]> inputs = texts.stream()
                        .map(text -> encoder.model()
                                .files()
                                .tokenizer()
                                .encode(text, tokens)
                                .ids())
                        .filter(ids -> ids.length == tokens)
                        .toList();
                List<Double> losses = Losses.losses(model, inputs);
                List<Double> typical = Losses.losses(model, model.typical(tokens));
                for (int sixteenths = 0; sixteenths <= Losses.SHARES; sixteenths++) {
                    var budget = model.budget((double) sixteenths / Losses.SHARES);
                    double time = inputs.stream()
                            .mapToDouble(input -> model.spent(input, budget).time())
                            .average()
                            .orElseThrow();
                    lines.add(String.format(
                            Locale.ROOT,
                            "%d,%d,%.4f,%.5f,%.5f",
                            tokens,
                            sixteenths,
                            time,
                            losses.get(sixteenths),
                            typical.get(sixteenths)));
                }
            }
        }
        Files.write(Path.of("target", "budgets.csv"), lines);
    }
}
