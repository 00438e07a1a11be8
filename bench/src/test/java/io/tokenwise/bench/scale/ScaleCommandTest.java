package io.tokenwise.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.cost.CostModel;
import io.tokenwise.cost.CostTables;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ScaleCommandTest {
    private final StringWriter out = new StringWriter();

    @TempDir
    private Path folder;

    private int run(String... arguments) {
        return new CommandLine(new ScaleCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .setExecutionExceptionHandler((failure, _, _) -> {
                    out.write(failure.getMessage());
                    return 1;
                })
                .execute(arguments);
    }

    private List<String[]> rows() {
        return out.toString()
                .lines()
                .filter(line -> line.matches("\\| \\d.*"))
                .map(line -> line.split(" *\\| *"))
                .toList();
    }

    @Test
    void halfTheBudgetIsAboutHalfTheCoreHours() {
        assertThat(run(
                        "--precision",
                        "f32",
                        "--tokens",
                        "64,128",
                        "--count",
                        "1e9",
                        "--budget",
                        "1,0.5",
                        "--price",
                        "2"))
                .as(out.toString())
                .isZero();
        List<String[]> rows = rows();
        assertThat(rows).hasSize(2);
        double full = Double.parseDouble(rows.get(0)[7]);
        double half = Double.parseDouble(rows.get(1)[7]);
        assertThat(half / full).isCloseTo(0.5, within(0.05));
        assertThat(Double.parseDouble(rows.get(0)[14])).isCloseTo(2 * full, within(1.0));
        assertThat(rows.get(0)[13]).isEqualTo("cores");
        assertThat(out.toString())
                .contains(
                        "- Measured: ",
                        "- Assumed: a row takes 20 us beside the model; the driver launches a task in 2.0 ms; executors of 4");
    }

    @Test
    void aStoreThatGivesLittleBinds() {
        assertThat(run(
                        "--precision",
                        "f32",
                        "--tokens",
                        "16",
                        "--count",
                        "1e8",
                        "--budget",
                        "0.35",
                        "--store-rate",
                        "50"))
                .isZero();
        String[] row = rows().getFirst();
        assertThat(row[13]).isEqualTo("object store");
        // 1e8 vectors of 1,544 bytes and their texts at 50 MB/s.
        assertThat(Double.parseDouble(row[8])).isGreaterThan(1e8 * 1544 / 50e6 / 3600);
    }

    @Test
    void aTextCostsWhatTheCostModelSays() throws IOException {
        var options = EngineOptions.defaults().withThreads(1).withBackend(BackendChoice.FLOAT32);
        try (TextEncoder encoder = TextEncoder.open("minilm-acm", options)) {
            var costs = new Costs(encoder, null);
            var sizes = encoder.model().files().text().architecture().sizes();
            var model = new CostModel(CostTables.find(encoder.model().backend()).table(), sizes, encoder.maxTokens());
            var sample = new SampledTexts(List.of("", ""), List.of(20, 200));
            TextCost full = costs.of(sample, List.of(1.0));
            assertThat(full.micros()).isCloseTo((model.micros(20) + model.micros(200)) / 2, within(1e-6));
            assertThat(full.deviation()).isCloseTo((model.micros(200) - model.micros(20)) / 2, within(1e-3));
            // Of long texts what a budget gives is what the model itself predicts.
            var ids = new int[200];
            double share = encoder.model().encoder().timeShare(ids, Budget.of(0.5));
            assertThat(costs.micros(200, 0.5)).isCloseTo(share * model.micros(200), within(1e-6));
            assertThat(costs.of(sample, List.of(1.0, 0.5)).micros())
                    .isCloseTo((full.micros() + costs.of(sample, List.of(0.5)).micros()) / 2, within(1e-6));
            assertThat(new Costs(encoder, "onednn-avx512_core_vnni-s8").micros(200, 1))
                    .isCloseTo(
                            new CostModel(CostTables.shipped("onednn-avx512_core_vnni-s8"), sizes, 256).micros(200),
                            within(1e-6));
        }
    }

    @Test
    void aClustersResultIsSetBesideAPrediction() throws IOException, InterruptedException {
        Path file = folder.resolve("result.json");
        Files.writeString(file, """
                {"texts":1000,"budgets":[0.35,1],"partitions":10,"executors":2,"coldSeconds":5,"emptyTaskMillis":1.5,
                 "rounds":[{"librarySeconds":0.5,"sparkSeconds":0.55,"cpuSeconds":1.02,"taskSeconds":1.05,"modelSeconds":1.0}]}
                """);
        ClusterCheck check = ClusterCheck.read(file);
        var printed = new StringWriter();
        // 1,000 texts of 1 ms on two cores, and 50 us a row.
        assertThat(check.print(new TextCost(1000, 0), 50, 0, 1, new PrintWriter(printed)))
                .isTrue();
        assertThat(printed.toString())
                .contains(
                        "| processor time of all tasks, s | 1.05 | 1.02 | 1.029 |",
                        "| 2 processes of the library, s | 0.50 | 0.50 | 1.000 |",
                        "| Spark, s | 0.53 | 0.55 | 0.955 |",
                        "beside the model 50 us a row",
                        "is within 15 %");
        assertThat(check.print(new TextCost(1200, 0), 100, 0, 1, new PrintWriter(printed)))
                .isFalse();
        assertThat(printed.toString()).contains("is NOT within 15 %");
    }

    @Test
    void aFileThatIsNoResultIsNamed() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts"), "One text.\n");
        Path file = Files.writeString(folder.resolve("result.json"), "{\"texts\":5}");
        assertThat(run("--texts", texts.toString(), "--check", file.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("result.json: is no result.json of spark/cluster");
    }

    @Test
    void textsOfAFileAreDrawnEvenly() throws IOException {
        Path file = folder.resolve("texts");
        Files.write(
                file,
                IntStream.range(0, 60_000)
                        .mapToObj(i -> i < 30_000 ? "a" : "a a")
                        .toList());
        try (TextEncoder encoder =
                TextEncoder.open("minilm-acm", EngineOptions.defaults().withBackend(BackendChoice.FLOAT32))) {
            SampledTexts sample =
                    SampledTexts.read(file, 60_000, encoder.model().files().tokenizer(), 1);
            assertThat(sample.texts()).hasSize(20_000);
            // Five standard deviations of a share of 20,000 draws.
            assertThat(sample.meanTokens()).isCloseTo(3.5, within(0.018));
            assertThat(sample.meanBytes()).isCloseTo(2, within(0.036));
            assertThat(SampledTexts.read(file, 30_000, encoder.model().files().tokenizer(), 1)
                            .meanTokens())
                    .as("of the first half alone")
                    .isEqualTo(3);
            SampledTexts few = sample.upTo(100);
            assertThat(few.tokens().stream().mapToInt(Integer::intValue).sum()).isBetween(97, 100);
        }
    }
}
