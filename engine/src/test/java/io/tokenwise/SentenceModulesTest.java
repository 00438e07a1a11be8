package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.TorchFiles;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** What sentence-transformers' files ask for behind and before a model: dense layers, lengths, prompts, fewer values. */
class SentenceModulesTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final Map<String, String> TORCH = Map.of(
            "Identity", "torch.nn.modules.linear.Identity",
            "Tanh", "torch.nn.modules.activation.Tanh",
            "gelu", "torch.nn.modules.activation.GELU");

    private static final List<String> TEXTS = List.of("a", "a token a token", "token");

    @TempDir
    private Path folder;

    /** A model whose vectors go through modules; a dense layer's is its activation. Every other one has no bias. */
    private RandomModel write(String pooling, List<String> modules, Map<String, Object> config) throws IOException {
        var widths = modules.stream()
                .map(module -> module.equals("Normalize") ? 0 : 64 - 24 * modules.indexOf(module))
                .toList();
        var changes = new HashMap<String, Object>(config);
        changes.putAll(Map.of("pooling", pooling, "modules", modules, "dense_widths", widths));
        RandomModel model = RandomModel.small("bert", Map.of(), 5).with("sentence", changes, 6);
        model.write(folder, "bert.");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        ArrayNode all = JsonMapper.shared().createArrayNode();
        all.addObject().put("path", "").put("type", "sentence_transformers.models.Transformer");
        all.addObject().put("path", "1_Pooling").put("type", "sentence_transformers.models.Pooling");
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"" + pooling + "\"}");
        int width = 48;
        for (int i = 0; i < modules.size(); i++) {
            String module = modules.get(i);
            if (module.equals("Normalize")) {
                all.addObject()
                        .put("path", (i + 2) + "_Normalize")
                        .put("type", "sentence_transformers.models.Normalize");
                continue;
            }
            String path = (i + 2) + "_Dense";
            all.addObject().put("path", path).put("type", "sentence_transformers.models.Dense");
            Files.createDirectories(folder.resolve(path));
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            model.weights().forEach((name, array) -> {
                if (name.startsWith(path + "/")) {
                    tensors.put(
                            name.substring(path.length() + 1),
                            new TensorData(array.shape(), MemorySegment.ofArray(array.values())));
                }
            });
            SafetensorsWriter.write(folder.resolve(path).resolve("model.safetensors"), tensors, Map.of());
            Files.writeString(
                    folder.resolve(path).resolve("config.json"),
                    "{\"in_features\": %d, \"out_features\": %d, \"bias\": %b, \"activation_function\": \"%s\"}"
                            .formatted(width, widths.get(i), tensors.containsKey("linear.bias"), TORCH.get(module)));
            width = widths.get(i);
        }
        Files.writeString(folder.resolve("modules.json"), all.toString());
        return model;
    }

    private TextEncoder open() throws IOException {
        return TextEncoder.open(folder.toString(), OPTIONS);
    }

    private static float[][] vectors(TextEncoder encoder) {
        return encoder.embed(TEXTS).stream().map(Embedding::vector).toArray(float[][]::new);
    }

    /** EmbeddingGemma's, LaBSE's, distiluse's, and what nobody has but the files allow. */
    @ParameterizedTest
    @CsvSource({
        "mean, Identity Identity Normalize",
        "cls, Tanh Normalize",
        "mean, Tanh",
        "lasttoken, Normalize Tanh gelu Normalize"
    })
    void vectorsAreThoseOfTheModulesInTheirOrder(String pooling, String steps) throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        List<String> modules = List.of(steps.split(" "));
        RandomModel random = write(pooling, modules, Map.of());
        try (TextEncoder encoder = open();
                Reference torch = random.reference();
                Reference head = random.reference("sentence")) {
            float[][] ours = vectors(encoder);
            for (int i = 0; i < ours.length; i++) {
                int[] ids =
                        encoder.model().files().tokenizer().encode(TEXTS.get(i)).ids();
                float[] wanted = head.run(torch.run(ids).last()).part("vector")[0];
                double norm = Math.sqrt(squares(wanted) / wanted.length);
                assertThat(ours[i]).hasSize(encoder.dimensions()).containsExactly(wanted, within((float)
                        (1e-4 * norm)));
            }
        }
    }

    private static double squares(float... vector) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        return squares;
    }

    /** Also in another folder, where the layers then have files of their own as sentence-transformers wants them. */
    @Test
    void whatIsSavedIsTheSame() throws IOException {
        write("cls", List.of("Tanh", "Identity", "Normalize"), Map.of("matryoshka_dimensions", List.of(40, 8, 16)));
        prompts("{\"prompts\": {\"query\": \"a \", \"odd one\": \"token \"}, \"default_prompt_name\": \"odd one\"}");
        Path saved = folder.resolve("saved");
        try (TextEncoder encoder = open()) {
            TextDescription description = encoder.model().files().text();
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.REPLACE);
            assertThat(saved.resolve("2_Dense/model.safetensors")).isRegularFile();
            assertThat(saved.resolve("3_Dense/config.json")).isRegularFile();
            try (TextEncoder again = TextEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(vectors(again)).isDeepEqualTo(vectors(encoder));
                TextDescription read = again.model().files().text();
                assertThat(read.output()).isEqualTo(description.output());
                assertThat(read.prompts()).isEqualTo(description.prompts());
            }
        }
    }

    @Test
    void whatIsLeftOutAtRandomInTrainingIsNothing() throws IOException {
        write("mean", List.of("Tanh", "Normalize"), Map.of());
        try (TextEncoder encoder = open()) {
            Path modules = folder.resolve("modules.json");
            String json = Files.readString(modules);
            String dropout = "{\"path\":\"4_Dropout\",\"type\":\"sentence_transformers.models.Dropout\"},";
            int last = json.lastIndexOf('{');
            Files.writeString(modules, json.substring(0, last) + dropout + json.substring(last));
            try (TextEncoder again = open()) {
                assertThat(vectors(again)).isDeepEqualTo(vectors(encoder));
            }
        }
    }

    private void prompts(String json) throws IOException {
        Files.writeString(folder.resolve("config_sentence_transformers.json"), json);
    }

    @Test
    void promptsAreFoundByTheirNames() throws IOException {
        write("mean", List.of("Normalize"), Map.of());
        prompts("{\"prompts\": {\"query\": \"a \", \"cluster\": \"token \", \"usual\": \"token a \"},"
                + " \"default_prompt_name\": \"usual\"}");
        try (TextEncoder encoder = open()) {
            EmbedRequest request = EmbedRequest.of("token");
            float[] bare = bare("token");
            assertThat(vector(encoder, request)).isEqualTo(bare("token a token"));
            assertThat(vector(encoder, request.withPrompt("cluster"))).isEqualTo(bare("token token"));
            assertThat(vector(encoder, request.as(InputType.QUERY))).isEqualTo(bare("a token"));
            // Without a prompt of its own nothing, as sentence-transformers does it.
            assertThat(vector(encoder, request.as(InputType.PASSAGE))).isEqualTo(bare);
            assertThat(vector(encoder, request.withPrompt("cluster").withLongTexts(LongTexts.SPLIT)))
                    .isEqualTo(bare("token token"));
            assertThat(vector(encoder, request.withPrompt("cluster").as(InputType.QUERY)))
                    .isNotEqualTo(bare)
                    .isEqualTo(bare("a token"));
            assertThatThrownBy(() -> encoder.embed(request.withPrompt("clusters")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(folder + " has no prompt 'clusters'; it has query, cluster, usual");
        }
        prompts("{\"prompts\": {\"corpus\": \"a \", \"usual\": \"token a \"}, \"default_prompt_name\": \"usual\"}");
        try (TextEncoder encoder = open()) {
            EmbedRequest request = EmbedRequest.of("token");
            assertThat(vector(encoder, request)).isEqualTo(bare("token a token"));
            assertThat(vector(encoder, request.as(InputType.QUERY))).isEqualTo(bare("token"));
            assertThat(vector(encoder, request.as(InputType.PASSAGE))).isEqualTo(bare("a token"));
        }
        prompts("{\"prompts\": {\"query\": \"\"}, \"default_prompt_name\": \"other\"}");
        assertThatThrownBy(this::open)
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith(
                        "config_sentence_transformers.json: default_prompt_name is \"other\"; supported: null, or one"
                                + " of prompts: query");
    }

    private float[] bare(String text) throws IOException {
        try (ModelFiles files = Models.open(folder);
                TextEncoder encoder = open()) {
            int[] ids = files.tokenizer().encode(text).ids();
            return encoder.model().encode(List.of(ids), List.of(Budget.FULL))[0];
        }
    }

    private static float[] vector(TextEncoder encoder, EmbedRequest request) {
        return encoder.embed(request).getFirst().vector();
    }

    @Test
    void fewerValuesAreTheFirstAtTheSameLength() throws IOException {
        write("mean", List.of("Normalize"), Map.of());
        try (TextEncoder encoder = open()) {
            TextEncoder shorter = encoder.withDimensions(10);
            assertThat(shorter.dimensions()).isEqualTo(10);
            assertThat(encoder.dimensions()).isEqualTo(48);
            for (String text : TEXTS) {
                float[] whole = encoder.embed(text).vector();
                Embedding cut = shorter.embed(text);
                assertThat(squares(cut.vector())).isCloseTo(1, within(1e-6));
                double scale = Math.sqrt(squares(Arrays.copyOf(whole, 10)));
                for (int i = 0; i < 10; i++) {
                    assertThat((double) cut.vector()[i]).isCloseTo(whole[i] / scale, within(1e-6));
                }
                assertThat(vector(encoder, EmbedRequest.of(text).withDimensions(10)))
                        .isEqualTo(cut.vector());
                assertThat(vector(shorter, EmbedRequest.of(text).withDimensions(48)))
                        .isEqualTo(whole);
                assertThat(cut.int8().values()).hasSize(10);
                assertThat(cut.binary()).hasSize(2);
            }
            assertThatThrownBy(() -> encoder.withDimensions(49))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("dimensions is 49, of " + folder + " it must be 1 to 48");
            assertThatThrownBy(() -> encoder.embed(EmbedRequest.of("a").withDimensions(0)))
                    .hasMessageStartingWith("dimensions is 0, of ");
        }
        write("mean", List.of("Normalize"), Map.of("matryoshka_dimensions", List.of(16, 48, 8)));
        try (TextEncoder encoder = open()) {
            assertThat(encoder.withDimensions(16).dimensions()).isEqualTo(16);
            assertThatThrownBy(() -> encoder.withDimensions(10))
                    .hasMessage("dimensions is 10, of " + folder + " it must be 8, 16 or 48, for which it was trained");
        }
        // Of any length before, so of any length then.
        write("mean", List.of(), Map.of());
        try (TextEncoder encoder = open()) {
            float[] whole = encoder.embed("a").vector();
            assertThat(encoder.withDimensions(10).embed("a").vector()).isEqualTo(Arrays.copyOf(whole, 10));
        }
    }

    @ParameterizedTest(name = "{3}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "2_Dense/config.json | activation.Tanh | activation.Softmax | activation_function is"
                        + " \"torch.nn.modules.activation.Softmax\"; supported: torch.nn.modules.linear.Identity,",
                "2_Dense/config.json | \"in_features\": 48 | \"in_features\": 40 | in_features is 40; supported: 48,"
                        + " the width of what it reads",
                "2_Dense/config.json | \"out_features\": 64 | \"out_features\": 65 | tensor 2_Dense/linear.weight has"
                        + " shape [64, 48], by the model's description it must be [65, 48]",
                "2_Dense/config.json | \"in_features\": 48 | \"in_features\": 48, \"use_residual\": true |"
                        + " has no tensor 2_Dense/residual.weight",
                "2_Dense/config.json | \"in_features\": 48 | \"in_features\": 48, \"use_residual\": 1 |"
                        + " use_residual is 1; supported: true or false",
                "2_Dense/config.json | \"in_features\": 48 | \"in_features\": 48, \"module_input_name\":"
                        + " \"token_embeddings\" | module_input_name is \"token_embeddings\"; supported:"
                        + " sentence_embedding",
                "2_Dense/config.json | \"in_features\": 48 | \"in_features\": 48, \"module_output_name\": \"scores\" |"
                        + " module_output_name is \"scores\"; supported: sentence_embedding",
                "2_Dense/config.json | \"out_features\": 64 | \"out_features\": 70000 | out_features is 70000;"
                        + " supported: an integer from 1 to 65536",
                "modules.json | \"2_Dense\" | \"dense\" | path is \"dense\"; supported: a folder called as 2_Dense",
                "modules.json | \"2_Dense\" | \"2\\n/Dense\" | supported: the name of a folder in the model's",
                "modules.json | 1_Pooling | 1\\u0000 | supported: the name of a folder in the model's",
                "modules.json | 1_Pooling | \\ud800 | supported: the name of a folder in the model's",
                "modules.json | \"2_Dense\" | \"3_Dense\" | 3_Dense/config.json: no such file",
                "modules.json | models.Normalize | models.WordWeights | type is"
                        + " \"sentence_transformers.models.WordWeights\"; supported: Transformer, Pooling, Dense,"
                        + " LayerNorm, Dropout, Normalize",
                "modules.json | models.Pooling | models.Normalize | type is"
                        + " \"sentence_transformers.models.Normalize\"; supported: Normalize after a Pooling",
                "modules.json | models.Normalize | models.Pooling | type is"
                        + " \"sentence_transformers.models.Pooling\"; supported: one Pooling",
                "modules.json | 3_Normalize\",\"type\":\"sentence_transformers.models.Normalize |"
                        + " 2_Dense\",\"type\":\"sentence_transformers.models.Dense | path is \"2_Dense\"; supported: a"
                        + " folder of its own for each Dense",
                "1_Pooling/config.json | mean | weightedmean | pooling modes [weightedmean]; supported: exactly one of"
                        + " mean, cls, lasttoken",
                "config.json | \"matryoshka_dimensions\":[8] | \"matryoshka_dimensions\":[0] | matryoshka_dimensions"
                        + " is [0]; supported: a list of numbers of values",
            })
    void whatIsNotSupportedIsRefusedByName(String file, String good, String bad, String fact) throws IOException {
        write("mean", List.of("Tanh", "Normalize"), Map.of("matryoshka_dimensions", List.of(8)));
        Path path = folder.resolve(file);
        String text = Files.readString(path);
        assertThat(text).contains(good);
        Files.writeString(path, text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(fact)
                .message()
                .hasLineCount(1);
    }

    /** As sentence-transformers wrote them at first. */
    @Test
    void weightsOfPyTorchAreReadInAFolderOfTheModelToo() throws IOException {
        write("mean", List.of("Tanh"), Map.of());
        float[][] wanted;
        try (TextEncoder encoder = open()) {
            wanted = vectors(encoder);
        }
        TorchFiles.replace(folder.resolve("2_Dense"));
        try (TextEncoder encoder = open()) {
            assertThat(vectors(encoder)).isDeepEqualTo(wanted);
        }
    }
}
