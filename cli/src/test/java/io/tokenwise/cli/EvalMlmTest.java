package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.tokenwise.io.TensorData;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code eval mlm} on small models with random weights, of which it is known what they guess, or how their budgets compare. */
class EvalMlmTest extends CommandTest {
    private static final int WORDS = 30_522;
    private static final int HIDDEN = 24;
    private static final int CAT = 4937;

    @TempDir
    private Path folder;

    /** Random, times a factor; the bias has one word that is likelier. */
    private static Map<String, TensorData> head(float factor, float favour) {
        var random = new SplittableRandom(5);
        Map<String, TensorData> head = new LinkedHashMap<>();
        Map.of("transform.dense.weight", HIDDEN, "transform.dense.bias", 1)
                .forEach((name, rows) -> put(head, name, random, 1, rows, HIDDEN));
        put(head, "transform.LayerNorm.weight", random, factor, 1, HIDDEN);
        put(head, "transform.LayerNorm.bias", random, factor, 1, HIDDEN);
        var bias = new float[WORDS];
        bias[CAT] = favour;
        head.put("cls.predictions.bias", new TensorData(new long[] {WORDS}, MemorySegment.ofArray(bias)));
        return head;
    }

    private static void put(
            Map<String, TensorData> head, String name, SplittableRandom random, float factor, int rows, int columns) {
        var values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = factor * (float) random.nextGaussian();
        }
        long[] shape = rows == 1 ? new long[] {columns} : new long[] {rows, columns};
        head.put("cls.predictions." + name, new TensorData(shape, MemorySegment.ofArray(values)));
    }

    /** The logits are the biases alone: the favoured word is always guessed. */
    @Test
    void accuracyAndPerplexityAreThoseOfAWorkedExample() throws IOException {
        Path model = folder.resolve("model");
        SmallTextModel.write(model, head(0, 5));
        // 20 tokens, of which 3 are hidden, and 2, of which 1 is.
        Path texts = Files.writeString(folder.resolve("texts"), "cat ".repeat(20) + "\n\ndog dog\n");
        JsonNode rows = evalRows("mlm", texts.toString(), "--model", model.toString(), "--precision", "f32");
        assertThat(rows).hasSize(1);
        JsonNode dense = rows.get(0);
        double all = Math.log(Math.exp(5) + WORDS - 1);
        assertThat(dense.get("metrics").get("accuracy").asDouble()).isEqualTo(0.75);
        assertThat(dense.get("metrics").get("pseudo-perplexity").asDouble())
                .isCloseTo(Math.exp((3 * (all - 5) + all) / 4), within(1e-3));
        assertThat(out.toString()).contains("\"data\":\"2 texts, 4 tokens masked\"");
    }

    @Test
    void anAdaptiveModelHasTheHeadOfTheDenseOneAndItsPerplexityAtFullBudget() throws IOException {
        Path dense = folder.resolve("dense");
        Path adaptive = folder.resolve("adaptive");
        SmallTextModel.write(dense, head(1, 0));
        List<String> texts = List.of(
                "the cat sat on the mat and the dog lay on the rug",
                "stocks fell sharply on monday",
                "she paid the invoice by bank transfer",
                "word ".repeat(60));
        UntrainedAdaptive.write(adaptive, dense.toString(), 4, texts);
        Path file = Files.writeString(folder.resolve("texts"), String.join("\n", texts));
        JsonNode rows = evalRows(
                "mlm", file.toString(), "--model", adaptive.toString(), "--flops", "0.5,1", "--precision", "f32");
        assertThat(rows.valueStream().map(row -> row.get("mode").asString()))
                .containsExactly("dense", "soft", "hard", "static", "random", "soft");
        assertThat(perplexity(rows.get(5))).isCloseTo(perplexity(rows.get(0)), withinPercentage(0.1));
        assertThat(perplexity(rows.get(3)) / perplexity(rows.get(0))).isNotCloseTo(1, within(1e-3));
        assertThat(rows.get(3).get("spent").asDouble()).isCloseTo(0.5, within(1e-9));
        assertThat(rows.get(3).get("flopsPerToken").asDouble())
                .isLessThan(rows.get(0).get("flopsPerToken").asDouble());
        assertThat(err.toString()).contains("eval mlm: 24 of 24 texts in ");
    }

    /** As RoBERTa's tokenizers have it. */
    @Test
    void hiddenTokensAreThoseThatFillHides() throws IOException {
        Path model = folder.resolve("model");
        SmallTextModel.write(model, head(0, 5));
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("[MASK]", "<mask>"));
        Path texts = Files.writeString(folder.resolve("texts"), "cat ".repeat(20));
        JsonNode rows = evalRows("mlm", texts.toString(), "--model", model.toString(), "--precision", "f32");
        assertThat(rows.get(0).get("metrics").get("accuracy").asDouble()).isEqualTo(1);
    }

    private static double perplexity(JsonNode row) {
        return row.get("metrics").get("pseudo-perplexity").asDouble();
    }

    @Test
    void whatCannotBeMeasuredIsToldInOneLine() throws IOException {
        Path texts = Files.writeString(folder.resolve("texts"), "[MASK]\n");
        assertThat(run("eval", "mlm", texts.toString(), "--model", "minilm")).isEqualTo(1);
        Path model = folder.resolve("model");
        SmallTextModel.write(model, head(1, 0));
        assertThat(run("eval", "mlm", texts.toString(), "--model", model.toString()))
                .isEqualTo(1);
        assertThat(run("eval", "mlm", folder.resolve("nothing").toString())).isEqualTo(1);
        assertThat(err.toString().lines())
                .containsExactly(
                        "tokenwise eval mlm: minilm: has no tensor cls.predictions.bias: no masked-LM head; ./tokenwise fetch"
                                + " bert-base brings a model with one",
                        "tokenwise eval mlm: " + texts + ": has no text with a token to hide",
                        "tokenwise eval mlm: no such file or directory: " + folder.resolve("nothing"));
    }

    @Test
    void theTableHasNoCosines() throws IOException {
        Path model = folder.resolve("model");
        SmallTextModel.write(model, head(0, 5));
        Path texts = Files.writeString(folder.resolve("texts"), "cat cat cat\n");
        assertThat(run("eval", "mlm", texts.toString(), "--model", model.toString()))
                .isZero();
        assertThat(out.toString().lines().toList().get(1).split("\\s{2,}"))
                .containsExactly(
                        "mode",
                        "budget",
                        "spent",
                        "mean learners",
                        "MFLOPs/token",
                        "ms/text",
                        "time",
                        "seconds",
                        "accuracy",
                        "pseudo-perplexity");
    }
}
