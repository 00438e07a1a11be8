package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layers behind a pooling as ANCE's models and Ettin's rerankers have them, against the same in plain loops: LayerNorms, residuals, scores. */
class SentenceLayersTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final List<String> TEXTS = List.of("a man", "the letter was never sent", "x");
    private static final int HIDDEN = 48;

    @TempDir
    private Path folder;

    private final Random random = new Random(9);
    private final List<String> modules = new ArrayList<>();

    @BeforeEach
    void writeModel() throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 30_522, "type_vocab_size", 2), 3)
                .write(folder, "bert.");
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(folder.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
        modules.clear();
        addModule("", "Transformer");
        addModule("1_Pooling", "Pooling");
        Files.createDirectory(folder.resolve("1_Pooling"));
        write("1_Pooling/config.json", "{\"pooling_mode\": \"cls\"}");
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), text);
    }

    private void addModule(String path, String type) throws IOException {
        modules.add("{\"path\": \"%s\", \"type\": \"sentence_transformers.models.%s\"}".formatted(path, type));
        write("modules.json", modules.toString());
    }

    private float[] values(int count) {
        var values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static double[] times(float[] matrix, double... x) {
        var y = new double[matrix.length / x.length];
        for (int i = 0; i < y.length; i++) {
            for (int k = 0; k < x.length; k++) {
                y[i] += matrix[i * x.length + k] * x[k];
            }
        }
        return y;
    }

    private static TensorData tensor(float[] values, long... shape) {
        return new TensorData(shape, MemorySegment.ofArray(values));
    }

    /** Writes a dense layer and returns what it does. */
    private UnaryOperator<double[]> dense(
            String path,
            int inputs,
            int outputs,
            String activation,
            DoubleUnaryOperator ours,
            boolean residual,
            String more)
            throws IOException {
        float[] weight = values(inputs * outputs);
        float[] bias = values(outputs);
        float[] projection = residual && inputs != outputs ? values(inputs * outputs) : null;
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        tensors.put("linear.weight", tensor(weight, outputs, inputs));
        tensors.put("linear.bias", tensor(bias, outputs));
        if (projection != null) {
            tensors.put("residual.weight", tensor(projection, outputs, inputs));
        }
        SafetensorsWriter.write(
                Files.createDirectory(folder.resolve(path)).resolve("model.safetensors"), tensors, Map.of());
        write(
                path + "/config.json",
                "{\"in_features\": %d, \"out_features\": %d, \"bias\": true, \"use_residual\": %b, \"activation_function\":"
                                .formatted(inputs, outputs, residual)
                        + " \"torch.nn.modules." + activation + "\"" + more
                        + "}");
        addModule(path, "Dense");
        return x -> {
            double[] y = times(weight, x);
            double[] added = projection == null ? x : times(projection, x);
            for (int i = 0; i < outputs; i++) {
                double sum = y[i] + bias[i];
                y[i] = ours.applyAsDouble(sum) + (residual ? added[i] : 0);
            }
            return y;
        };
    }

    private UnaryOperator<double[]> layerNorm(String path, int width) throws IOException {
        float[] gain = values(width);
        float[] shift = values(width);
        SafetensorsWriter.write(
                Files.createDirectory(folder.resolve(path)).resolve("model.safetensors"),
                Map.of("norm.weight", tensor(gain, width), "norm.bias", tensor(shift, width)),
                Map.of());
        write(path + "/config.json", "{\"dimension\": " + width + "}");
        addModule(path, "LayerNorm");
        return x -> {
            double mean = 0;
            for (double value : x) {
                mean += value / width;
            }
            double squares = 0;
            for (double value : x) {
                squares += (value - mean) * (value - mean) / width;
            }
            var y = new double[width];
            for (int i = 0; i < width; i++) {
                y[i] = (x[i] - mean) / Math.sqrt(squares + 1e-5) * gain[i] + shift[i];
            }
            return y;
        };
    }

    /** What comes out of the pooling, of inputs as a model gets them. */
    private double[][] pooled(List<int[]> inputs) throws IOException {
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            float[][] vectors = encoder.model()
                    .encode(inputs, inputs.stream().map(_ -> Budget.FULL).toList());
            var wide = new double[vectors.length][HIDDEN];
            for (int i = 0; i < vectors.length; i++) {
                for (int k = 0; k < HIDDEN; k++) {
                    wide[i][k] = vectors[i][k];
                }
            }
            return wide;
        }
    }

    private static void assertNear(float[] found, double... wanted) {
        assertThat(found).hasSameSizeAs(wanted);
        double squares = 0;
        for (double value : wanted) {
            squares += value * value / wanted.length;
        }
        for (int i = 0; i < wanted.length; i++) {
            assertThat((double) found[i]).isCloseTo(wanted[i], within(1e-5 * Math.sqrt(squares)));
        }
    }

    @Test
    void vectorsGoThroughLayerNormsAndResiduals() throws IOException {
        double[][] pooled;
        try (ModelFiles files = Models.open(folder)) {
            pooled = pooled(TEXTS.stream()
                    .map(text -> files.tokenizer().encode(text).ids())
                    .toList());
        }
        var steps = List.of(
                dense("2_Dense", HIDDEN, 40, "linear.Identity", x -> x, false, ""),
                layerNorm("3_LayerNorm", 40),
                dense("4_Dense", 40, 40, "activation.SiLU", x -> x / (1 + Math.exp(-x)), true, ""),
                dense("5_Dense", 40, 24, "activation.Tanh", Math::tanh, true, ""));
        Path saved = folder.resolve("saved");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            for (int i = 0; i < pooled.length; i++) {
                double[] wanted = pooled[i];
                for (UnaryOperator<double[]> step : steps) {
                    wanted = step.apply(wanted);
                }
                assertNear(encoder.embed(TEXTS.get(i)).vector(), wanted);
            }
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.REPLACE);
            try (TextEncoder again = TextEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(again.embed("a man").vector())
                        .isEqualTo(encoder.embed("a man").vector());
                assertThat(again.model().files().text().output())
                        .isEqualTo(encoder.model().files().text().output());
            }
        }
    }

    /** As Ettin's rerankers have it. */
    private List<UnaryOperator<double[]>> writeScores() throws IOException {
        write(
                "config_sentence_transformers.json",
                "{\"model_type\": \"CrossEncoder\", \"prompts\": {}, \"default_prompt_name\": null,"
                        + " \"activation_fn\": \"torch.nn.modules.linear.Identity\"}");
        return List.of(
                dense("2_Dense", HIDDEN, 32, "activation.SiLU", x -> x / (1 + Math.exp(-x)), false, ""),
                layerNorm("3_LayerNorm", 32),
                dense("4_Dense", 32, 1, "linear.Identity", x -> x, false, ", \"module_output_name\": \"scores\""));
    }

    @Test
    void scoresAreWhatModulesMakeOfAPair() throws IOException {
        String query = "who wrote?";
        List<int[]> pairs;
        try (ModelFiles files = Models.open(folder)) {
            Tokenizer tokenizer = files.tokenizer();
            pairs = TEXTS.stream()
                    .map(text -> tokenizer.encodePair(query, text, 64).ids())
                    .toList();
        }
        double[][] pooled = pooled(pairs);
        List<UnaryOperator<double[]>> steps = writeScores();
        Path saved = folder.resolve("saved");
        try (Reranker reranker = Reranker.open(folder.toString(), OPTIONS)) {
            float[] scores = reranker.scores(query, TEXTS);
            for (int i = 0; i < pooled.length; i++) {
                double[] wanted = pooled[i];
                for (UnaryOperator<double[]> step : steps) {
                    wanted = step.apply(wanted);
                }
                assertThat((double) scores[i]).isCloseTo(wanted[0], within(1e-4));
            }
            String settings = Files.readString(folder.resolve("config_sentence_transformers.json"));
            write(
                    "config_sentence_transformers.json",
                    settings.replace(
                            "{}, \"default_prompt_name\": null", "{\"a\": \"who \"}, \"default_prompt_name\": \"a\""));
            try (Reranker asking = Reranker.open(folder.toString(), OPTIONS)) {
                assertThat(asking.scores("wrote?", TEXTS)).containsExactly(scores);
            }
            reranker.model().encoder().save(saved, reranker.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (Reranker again = Reranker.open(saved.toString(), OPTIONS)) {
                assertThat(again.scores(query, TEXTS)).containsExactly(scores);
            }
        }
        assertThatThrownBy(() -> TextEncoder.open(folder.toString(), OPTIONS))
                .hasMessage(folder + ": is a cross-encoder; a text encoder is wanted here");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "config_sentence_transformers.json | CrossEncoder | SentenceTransformer | model_type is"
                        + " \"SentenceTransformer\"; supported: CrossEncoder",
                "config_sentence_transformers.json | linear.Identity | activation.Tanh | activation_fn is"
                        + " \"torch.nn.modules.activation.Tanh\"; supported: activation_fn of",
                "config_sentence_transformers.json | \"default_prompt_name\": null | \"default_prompt_name\": \"a\" |"
                        + " default_prompt_name is \"a\"; supported: null, or one of prompts",
                "4_Dense/config.json | \"scores\" | \"logits\" | module_output_name is \"logits\"; supported:"
                        + " sentence_embedding",
                "4_Dense/config.json | , \"module_output_name\": \"scores\" | '' | model_type is \"CrossEncoder\";"
                        + " supported: SentenceTransformer",
                "4_Dense/config.json | \"out_features\": 1 | \"out_features\": 2 | out_features is 2; supported: 1, a score",
                "3_LayerNorm/config.json | 32 | 48 | dimension is 48; supported: 32, the width of what it reads",
                "modules.json | 3_LayerNorm | 3_Norm | path is \"3_Norm\"; supported: a folder called as 2_LayerNorm",
                "modules.json | models.LayerNorm | models.Router | type is \"sentence_transformers.models.Router\";"
                        + " supported: a Router alone, with query of one SparseStaticEmbedding and document of a",
                "modules.json | models.LayerNorm | models.Transformer | supported: one Transformer, and that first",
                "modules.json | models.LayerNorm | models.CNN | supported: Transformer, Pooling, Dense, LayerNorm,"
                        + " Dropout, Normalize",
            })
    void whatElseModulesSayIsRefusedByName(String file, String good, String bad, String message) throws IOException {
        writeScores();
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        write(file, text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }

    /** As OpenSearch's sparse encoders have it. */
    @Test
    void weightsOfWordsMayBeLogarithmsOfThemselves() throws IOException {
        RandomModel.small("bert", Map.of("vocab_size", 30_522, "type_vocab_size", 2), 3)
                .with("masked", Map.of(), 4)
                .write(folder, "bert.");
        modules.removeLast();
        addModule("1_SpladePooling", "SpladePooling");
        Files.createDirectory(folder.resolve("1_SpladePooling"));
        write("config_sentence_transformers.json", "{\"model_type\": \"SparseEncoder\"}");
        write("1_SpladePooling/config.json", "{\"pooling_strategy\": \"max\", \"activation_function\": \"relu\"}");
        SparseVector once;
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS)) {
            once = encoder.embed("a man");
        }
        write(
                "1_SpladePooling/config.json",
                "{\"pooling_strategy\": \"max\", \"activation_function\": \"log1p_relu\"}");
        Path saved = folder.resolve("saved");
        try (SparseEncoder encoder = SparseEncoder.open(folder.toString(), OPTIONS)) {
            SparseVector twice = encoder.embed("a man");
            assertThat(twice.ids()).isNotEmpty().isEqualTo(once.ids());
            for (int i = 0; i < twice.weights().length; i++) {
                assertThat((double) twice.weights()[i]).isCloseTo(Math.log1p(once.weights()[i]), within(1e-6));
            }
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (SparseEncoder again = SparseEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(again.embed("a man").weights()).isEqualTo(twice.weights());
            }
        }
        write("config_sentence_transformers.json", "{\"model_type\": \"SentenceTransformer\"}");
        assertThatThrownBy(() -> Models.open(folder))
                .hasMessageEndingWith("model_type is \"SentenceTransformer\"; supported: SparseEncoder");
    }

    /** As sentence-transformers' first folders have it, and its newer ones where modules have several inputs. */
    @Test
    void theModelsOwnFilesMayLieInAFolderToo() throws IOException {
        dense("2_Dense", HIDDEN, 24, "activation.Tanh", Math::tanh, false, "");
        write("sentence_bert_config.json", "{\"max_seq_length\": 9}");
        write("config_sentence_transformers.json", "{\"prompts\": {\"query\": \"q: \"}}");
        float[] wanted;
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            wanted = encoder.embed("a man").vector();
        }
        Path own = Files.createDirectory(folder.resolve("0_Transformer"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "sentence_bert_config.json")) {
            Files.move(folder.resolve(file), own.resolve(file));
        }
        write("modules.json", Files.readString(folder.resolve("modules.json")).replace("\"\"", "\"0_Transformer\""));
        // Of sentence-transformers itself.
        write("config.json", "{\"__version__\": \"1.0\"}");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            assertThat(encoder.embed("a man").vector()).isEqualTo(wanted);
            assertThat(encoder.maxTokens()).isEqualTo(9);
            assertThat(encoder.model().files().text().queryPrefix()).isEqualTo("q: ");
        }
        Path weights = own.resolve("model.safetensors");
        String shards;
        try (var all = Safetensors.open(weights)) {
            shards = all.names().stream()
                    .map("\"%s\": \"model-00001-of-00001.safetensors\""::formatted)
                    .collect(Collectors.joining(", "));
        }
        Files.move(weights, own.resolve("model-00001-of-00001.safetensors"));
        write("0_Transformer/model.safetensors.index.json", "{\"weight_map\": {" + shards + "}}");
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), OPTIONS)) {
            assertThat(encoder.embed("a man").vector()).isEqualTo(wanted);
        }
        Files.delete(own.resolve("tokenizer.json"));
        assertThatThrownBy(() -> Models.open(folder)).hasMessage(own.resolve("tokenizer.json") + ": no such file");
    }
}
