package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Small ColBERTs with random weights, in one folder, each as its makers write them. */
final class TestColberts {
    static final List<String> QUERIES =
            List.of("who wrote a letter?", "", "rivers run to the sea, and the sea is not full ".repeat(4));

    static final List<String> DOCUMENTS =
            List.of("A man wrote a letter; it was never sent.", "", "x", "the sea, the sea! ".repeat(30));

    private final Path folder;

    /** Of all of them. */
    final RandomModel random;

    /** A checkpoint with artifact.metadata, as Stanford's code writes it. */
    final Path stanford;

    private TestColberts(Path folder, RandomModel random) {
        this.folder = folder;
        this.random = random;
        stanford = folder.resolve("stanford");
    }

    static TestColberts write(Path folder) throws IOException {
        Map<String, Object> config =
                Map.of("architectures", List.of("HF_ColBERT"), "vocab_size", 30_522, "type_vocab_size", 2);
        RandomModel random = RandomModel.small("bert", config, 11).with("colbert", Map.of("dim", 16), 12);
        var colberts = new TestColberts(folder, random);
        write(colberts.stanford, random, "bert.");
        Files.writeString(colberts.stanford.resolve("artifact.metadata"), """
                {"dim": 16, "query_maxlen": 24, "doc_maxlen": 40, "query_token_id": "[unused0]", "doc_token_id": "[unused1]",
                 "attend_to_mask_tokens": false, "mask_punctuation": true}
                """);
        return colberts;
    }

    /** With MiniLM's tokenizer. */
    static void write(Path model, RandomModel weights, String prefix) throws IOException {
        weights.write(model, prefix);
        try (ModelFiles minilm = TestModels.files("minilm")) {
            Files.write(model.resolve("tokenizer.json"), minilm.tokenizer().json());
        }
    }

    /** The same weights in a folder as pylate saves it. */
    Path pylate(String name, String config) throws IOException {
        Path model = folder.resolve(name);
        writePylate(model, random, "bert.", config);
        Files.writeString(
                model.resolve("config.json"),
                Files.readString(stanford.resolve("config.json")).replace("HF_ColBERT", "BertModel"));
        return model;
    }

    static void writePylate(Path model, RandomModel weights, String prefix, String config) throws IOException {
        write(model, weights, prefix);
        Path dense = Files.createDirectory(model.resolve("1_Dense"));
        Array linear = weights.weights().get("linear.weight");
        writeDense(
                dense, Map.of("linear.weight", new TensorData(linear.shape(), MemorySegment.ofArray(linear.values()))));
        Files.writeString(
                dense.resolve("config.json"),
                "{\"in_features\":48,\"out_features\":16,\"bias\":false,\"activation_function\":\"torch.nn.modules.linear.Identity\"}");
        Files.writeString(model.resolve("modules.json"), """
                [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
                 {"idx":1,"name":"1","path":"1_Dense","type":"pylate.models.Dense.Dense"}]
                """);
        Files.writeString(model.resolve("config_sentence_transformers.json"), config);
    }

    /**
     * The same weights in a folder as sentence-transformers 6 saves its MultiVectorEncoder; the marks are added tokens.
     *
     * @param settings what config_sentence_transformers.json says besides what all of them say
     * @param lengths sentence_bert_config.json
     * @param mask what {@code 2_MultiVectorMask/config.json} says besides
     */
    Path multiVector(String name, String settings, String lengths, String mask) throws IOException {
        Path model = pylate(
                name,
                "{\"model_type\": \"MultiVectorEncoder\", \"similarity_fn_name\": null, "
                        + "\"__version__\": {\"sentence_transformers\": \"6.1.0.dev0\"}, " + settings + "}");
        Files.writeString(model.resolve("sentence_bert_config.json"), lengths);
        Files.writeString(model.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Dense", "type": "sentence_transformers.base.modules.dense.Dense"},
                 {"idx": 2, "name": "2", "path": "2_MultiVectorMask",
                  "type": "sentence_transformers.multi_vector_encoder.modules.multi_vector_mask.MultiVectorMask"},
                 {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.base.modules.normalize.Normalize"}]
                """);
        String names = "\"module_input_name\": \"token_embeddings\", \"module_output_name\": \"token_embeddings\"}";
        Path dense = model.resolve("1_Dense/config.json");
        Files.writeString(dense, Files.readString(dense).replace("}", ", " + names));
        Files.writeString(
                Files.createDirectory(model.resolve("2_MultiVectorMask")).resolve("config.json"),
                "{\"skiplist_tasks\": [\"document\"], \"keep_only_token_ids\": null, " + mask + "}");
        Files.writeString(Files.createDirectory(model.resolve("3_Normalize")).resolve("config.json"), "{" + names);
        addMarks(model.resolve("tokenizer.json"));
        return model;
    }

    private static void addMarks(Path tokenizer) throws IOException {
        String added = IntStream.of(0, 1).mapToObj(i -> """
                        {"id": %d, "content": "[unused%d]", "single_word": false, "lstrip": false, "rstrip": false,
                         "normalized": false, "special": true}\
                        """.formatted(i + 1, i)).collect(Collectors.joining(", "));
        Files.writeString(
                tokenizer, Files.readString(tokenizer).replaceFirst("\"added_tokens\": *\\[", "$0" + added + ", "));
    }

    static void writeDense(Path folder, Map<String, TensorData> tensors) throws IOException {
        SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of(), StoredType.F32);
    }

    static void assertNear(float[][] found, float[][] wanted) {
        assertThat(found.length).isEqualTo(wanted.length);
        for (int i = 0; i < wanted.length; i++) {
            assertThat(found[i]).containsExactly(wanted[i], within(1e-4f));
        }
    }
}
