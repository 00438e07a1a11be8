package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.references.TorchScript;
import io.tokenwise.testmodels.KeptModels;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return KeptModels.during(() -> Bench.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--budget 1.5| '--budget' (0..1): 1.5 is outside 0..1",
                "--budget 0.5,-1| -1 is outside 0..1",
                "--budget NaN| NaN is outside 0..1",
                "--budget half| 'half' is no number from 0 to 1",
                "--threads 0| must be 1 or more, not 0",
                "--rounds 0| '--rounds': must be 1 or more, not 0",
                "--rounds 1.5| '1.5' is no whole number of 1 or more",
                "--warm-up -1| --warm-up must be 0 to 3600 seconds, not -1.0",
                "--threads 1,0| must be 1 or more, not 0",
                "--scenario query| there is none called query; there are query-16, passage-128",
                "--round 3| Unknown option",
                "gemm mlp-up-129| mlp-up-129",
                "cost --tokens 16,0| must be 1 or more, not 0",
                "cost --engine vector| no engine is called vector; there are vector-f32",
                "soak --hours 0| --hours must be over 0",
                "soak --engine vector-f32,cuda| no engine is called cuda; there are vector-f32, onednn-f32",
                "families --only bert| give nomic, modernbert, deberta, xlm-r, not 'bert'",
                "families --tokens 16,513| --tokens must be at most 512, not 513",
                "window --side 0| must be 1 or more, not 0",
                "dispatch --sizes base| give minilm, vit-b, wav2vec2-base or xls-r, not 'base'",
                "frontier --budgets 0.5,2| 2 is outside 0..1",
                "frontier --queries 0| must be 1 or more, not 0",
                "speech --budget 2| 2 is outside 0..1",
                "train --steps 0| must be 1 or more, not 0",
                "frontier --rival list| 'list' must be NAME=DIR or NAME=DIR@KEEP",
                "frontier --glosses 5| --glosses must be 100 or more, not 5",
                "load --precision S9| give f32, bf16, s8 or s7, not 'S9'",
                "load --precision bf16 --load steep| --load: none has such a name",
                "load --load step,burst --controller bath| --controller: none has such a name",
                "load --cost --soak 1| give --cost or --soak, not both",
                "load --soak 0| --soak must be over 0 and at most 10000 minutes",
                "tokenizers bert| there is no tokenizer called bert; there are minilm, unigram, cl100k",
                "scale --count 0.5| must be a whole number from 1 to 1e14, not 0.5",
                "scale --vector f16| give f32, s8 or bit, not 'f16'",
                "scale --table zen| there is none called zen; there are vector-vector-256-f32",
                "scale --table zen --measure| nothing can be measured of it here",
                "scale --stragglers 2| --stragglers must be 0 to 1, not 2.0",
                "scale --store-rate 0| --store-rate must be over 0, not 0.0",
                "scale --launch-millis -1| must be 0 to 1e12, not -1",
                "scale --executors 100000000| must be at most 1000000 cores",
                "scale --tokens 16 --texts x| give --texts or --tokens, not both",
                "scale --check x| --check wants --texts",
                "train --engine vector| no engine is called vector; there are vector-f32",
            })
    void wrongUsageIsOneLineAndCodeTwo(String arguments, String message) {
        assertThat(run(arguments.split(" "))).isEqualTo(2);
        assertThat(out.toString()).isEmpty();
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .startsWith("tokenwise bench")
                .contains(message);
    }

    @Test
    void helpFitsATerminal() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("Usage: ", "Examples:", "bench jmh");
        assertThat(out.toString().lines()).allMatch(line -> line.length() <= 100);
    }

    @Test
    void costSetsThePredictionBesideTheTime() {
        assertThat(run("cost", "--engine", "vector-f32", "--tokens", "3,5000,8", "--rounds", "1", "--json"))
                .isZero();
        JsonNode rows = new JsonMapper().readTree(out.toString()).get("rows");
        assertThat(rows.values().stream().map(row -> row.get("tokens").asInt()))
                .as("not the one beyond the model's longest text")
                .containsExactly(3, 8);
        for (JsonNode row : rows) {
            double measured = row.get("measuredMicros").asDouble();
            assertThat(measured).isPositive();
            assertThat(row.get("ratio").asDouble())
                    .isEqualTo(row.get("predictedMicros").asDouble() / measured);
            assertThat(row.get("table").asString()).startsWith("shipped for ");
        }
    }

    @Test
    void tokenizersAreTimedBesideTheLibrary() {
        assertThat(run("tokenizers", "minilm", "--rounds", "1", "--warm-up", "0"))
                .isZero();
        assertThat(out.toString().lines().filter(line -> line.matches(" +128 +English( +[0-9.]+){3}")))
                .hasSize(1);
    }

    @Test
    void costRefusesTextsOfMarksAlone() {
        assertThat(run("cost", "--engine", "vector-f32", "--tokens", "2", "--rounds", "1"))
                .isPositive();
        assertThat(err.toString()).contains("--tokens: 2 must be 3 or more");
    }

    /** With no other contender and nothing to measure quality on, which would be made ready before. */
    private static String[] ofModel(Path model) {
        return new String[] {"--model", model.toString(), "--only", "acm-vector", "--no-quality"};
    }

    @Test
    void aModelThatIsNotThereIsOneLine(@TempDir Path folder) {
        assertThat(run(ofModel(folder.resolve("none")))).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("none", "no such directory");
    }

    @Test
    void verboseShowsWhere(@TempDir Path folder) {
        String[] command = ofModel(folder.resolve("none"));
        assertThat(run(Stream.concat(Stream.of("--verbose"), Stream.of(command)).toArray(String[]::new)))
                .isEqualTo(1);
        assertThat(err.toString()).contains("\tat io.tokenwise.");
    }

    @Test
    void aDenseModelIsRefused(@TempDir Path folder) throws IOException {
        Path dense = folder.resolve("dense");
        SmallTextModel.write(dense);
        assertThat(run(ofModel(dense))).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("is not adaptive");
    }

    @Test
    void theNewestModelIsTaken(@TempDir Path folder) throws IOException {
        assertThat(OwnModel.newest(folder.resolve("none"))).isEmpty();
        assertThat(OwnModel.newest(folder)).isEmpty();
        for (String name : List.of("old", "new", "without-weights")) {
            Files.createDirectory(folder.resolve(name));
            Files.writeString(folder.resolve(name).resolve("config.json"), "{}");
        }
        Files.writeString(folder.resolve("old/model.safetensors"), "");
        Files.writeString(folder.resolve("new/model.safetensors"), "");
        Files.setLastModifiedTime(folder.resolve("old/config.json"), FileTime.fromMillis(1));
        assertThat(OwnModel.newest(folder)).contains(folder.resolve("new"));
    }

    /** A real run, too short to say anything about speed. */
    @Test
    void allContendersRunAndAgree() {
        JsonNode rows = rows("--budget=0.5,1", "--scenario=query-16");
        int peers = TorchScript.isAvailable() ? 3 : 2;
        long own = OwnEngine.RACING.stream()
                .filter(engine -> engine.refusal().isEmpty())
                .count();
        int denseAndBudgets = 3;
        assertThat(rows).hasSize(peers + (int) own * denseAndBudgets);
        rows.forEach(row -> check(row, 1));
    }

    @Test
    void eachKindOfContenderHasEightCallers() {
        JsonNode rows = rows(
                "--only=onnxruntime-int8,libtorch,dense-vector,acm-vector", "--budget=0.5", "--scenario=callers-8");
        assertThat(rows).hasSize(TorchScript.isAvailable() ? 4 : 3);
        rows.forEach(row -> check(row, 8));
    }

    private JsonNode rows(String... wanted) {
        Stream<String> shortest = Stream.of("--rounds=1", "--warm-up=0", "--json", "--no-quality");
        assertThat(run(Stream.concat(shortest, Stream.of(wanted)).toArray(String[]::new)))
                .isZero();
        return new JsonMapper().readTree(out.toString()).get("rows");
    }

    private static void check(JsonNode row, int callers) {
        assertThat(row.get("p50Micros").asDouble()).isPositive();
        assertThat(row.get("p95Micros").asDouble())
                .isBetween(row.get("p50Micros").asDouble(), row.get("p99Micros").asDouble());
        assertThat(row.get("tokensPerSecond").asDouble()).isPositive();
        boolean exact = row.get("precision").asString().equals("f32");
        boolean whole = row.get("budget").asDouble() == 1 && exact;
        assertThat(row.get("cosine").asDouble()).isBetween(whole ? 0.9999 : 0.3, 1 + 1e-6);
        assertThat(row.get("callers").asInt()).isEqualTo(callers);
    }

    /** All float32 engines give one vector, or the command fails; the others one nearby, all of length 1. */
    @ParameterizedTest
    @EnumSource(FamilyShape.class)
    void otherFamiliesRunBesideOnnxRuntime(FamilyShape shape) {
        String[] command = "families --layers 1 --tokens 5 --rounds 1 --warm-up 0 --only".split(" ");
        assertThat(run(Stream.concat(Stream.of(command), Stream.of(shape.label()))
                        .toArray(String[]::new)))
                .as(err.toString())
                .isZero();
        Map<String, Double> cosines = out.toString()
                .lines()
                .map(line -> line.strip().split(" +"))
                .filter(words -> words[0].equals("5"))
                .collect(Collectors.toMap(words -> words[1], words -> Double.valueOf(words[6])));
        assertThat(cosines).containsKeys("onnxruntime-f32", "onnxruntime-int8", "dense-vector-f32");
        cosines.forEach((name, cosine) -> {
            if (name.endsWith("f32")) {
                assertThat(cosine).as(name).isCloseTo(1, within(1e-5));
            } else {
                assertThat(cosine).as(name).isBetween(.9, .9999999);
            }
        });
    }

    @Test
    void listsGoThroughOnnxRuntimeInTwoWays() {
        assertThat(run("--rounds=1", "--warm-up=0", "--only=onnxruntime-int8", "--scenario=bulk", "--no-quality"))
                .isZero();
        assertThat(out.toString().lines().map(line -> line.split(" {2,}")[0]))
                .contains("ONNX Runtime int8", "ONNX Runtime int8, as they come");
    }

    @Test
    void contendersAndScenariosAreChosenByName() {
        assertThat(run("--rounds=1", "--warm-up=0", "--only=int8,dense-vector", "--scenario=query-16", "--no-quality"))
                .isZero();
        assertThat(out.toString().lines().filter(line -> line.matches(".* [01]\\.\\d{4} .*")))
                .hasSize(2)
                .anyMatch(line -> line.startsWith("ONNX Runtime int8"))
                .anyMatch(line -> line.startsWith("dense vector f32"));
        assertThat(run("--only", "tensorflow", "--no-quality")).isEqualTo(1);
        assertThat(err.toString()).contains("--only tensorflow: no contender is called so");
    }

    @Test
    void aSavedAdaptiveModelIsRoutedByItsGates(@TempDir Path folder) throws IOException {
        Path adaptive = folder.resolve("adaptive");
        try (TextEncoder minilm = TextEncoder.open("minilm")) {
            Encoder encoder = minilm.model().encoder();
            Acmizer.replace(
                    encoder.parameters(),
                    encoder.slots(),
                    AdaptiveLayers.mlps(4),
                    () -> minilm.embed("Any text shows what units do."));
            encoder.save(adaptive, minilm.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        assertThat(run(
                        "--model",
                        adaptive.toString(),
                        "--rounds",
                        "1",
                        "--warm-up",
                        "0",
                        "--budget",
                        "0.5",
                        "--only",
                        "acm-vector",
                        "--scenario",
                        "query-16",
                        "--no-quality"))
                .isZero();
        assertThat(out.toString()).contains("acm: " + adaptive + ", routed by its gates");
        assertThat(out.toString().lines().filter(line -> line.matches("acm vector f32 +0\\.50 .*")))
                .hasSize(1);
    }
}
