package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;

/** Sparse encoders that look queries up in a table, as OpenSearch's folders of sentence-transformers say it. */
class SparseRouterTest {
    @TempDir
    private Path folder;

    private RouterFolder model;

    @BeforeEach
    void writeModel() throws IOException {
        model = RouterFolder.write(folder);
    }

    /** By the checksums of opensearch-neural-sparse-encoding-doc-v3-distill at babf71f3, as github.com has them in a program that downloads it. */
    @Test
    void theFilesAreThoseThatArePublished() throws Exception {
        Map<String, String> published = Map.of(
                RouterFolder.MODULES, "2e12f8a5fbc625578d7bbaee4c18b748ccd82f0d4549c3d952638693ce4058cf",
                RouterFolder.ROUTER, "c373414574b65ea6612a43c16a17d8a5942e91ccde1cd1433e41619af02a8264",
                RouterFolder.POOLING, "d7a84fb418b94887421b277c5407175e476f0fa629037f4f5db540e98db682f3",
                RouterFolder.FROZEN, "f1aa3269d4139c461e2d3b7b8f1570f507bc59529cffb004c6a3702da4f5087a");
        for (Map.Entry<String, String> file : published.entrySet()) {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(file.getKey().getBytes(StandardCharsets.UTF_8));
            assertThat(HexFormat.of().formatHex(hash)).isEqualTo(file.getValue());
        }
    }

    @Test
    void queriesAreLookedUpAndDocumentsAreNot() throws IOException {
        List<String> queries = List.of(
                "What's the weather in ny now?",
                "now now NOW, now",
                "rivers [SEP] run [UNK]",
                "the sea ".repeat(400),
                "");
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.looksQueriesUp()).isTrue();
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<SparseVector> found = encoder.embedQueries(queries, Budget.flops(.1), Deadline.NONE);
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i)).isEqualTo(model.plain(tokenizer, queries.get(i), 512));
                assertThat(encoder.embedQuery(queries.get(i))).isEqualTo(found.get(i));
            }
            assertThat(found.getFirst().ids()).hasSizeBetween(4, 10);
            assertThat(found.get(1).ids()).hasSizeLessThanOrEqualTo(2);
            assertThat(found.getLast().ids()).isEmpty();
            // More than the network reads, 128, of a query.
            assertThat(encoder.maxTokens()).isEqualTo(128);
            assertThat(encoder.embedQuery("the ".repeat(300) + "weather"))
                    .isNotEqualTo(encoder.embedQuery("the ".repeat(300)))
                    .isEqualTo(encoder.embedQuery("the weather"));
            assertThat(encoder.embedQuery("the ".repeat(512) + "weather")).isEqualTo(encoder.embedQuery("the"));
            List<SparseVector> documents = encoder.embedPassages(queries);
            assertThat(encoder.embed(queries)).isEqualTo(documents);
            assertThat(documents.getFirst().ids().length).isGreaterThan(1_000);
            assertThat(documents).isEqualTo(plainSplade(queries));
        }
    }

    /** Of the same model without a router. */
    private List<SparseVector> plainSplade(List<String> texts) throws IOException {
        model.write(
                "modules.json",
                "[{\"path\": \"\", \"type\": \"sentence_transformers.MLMTransformer\"}, {\"path\": \"document_1_SpladePooling\", \"type\":"
                        + " \"sentence_transformers.SpladePooling\"}]");
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.looksQueriesUp()).isFalse();
            assertThat(encoder.embedQuery(texts.getFirst())).isEqualTo(encoder.embed(texts.getFirst()));
            return encoder.embed(texts);
        } finally {
            model.write("modules.json", RouterFolder.MODULES);
        }
    }

    /** The one call that runs at a time is taken. */
    @Test
    void aQueryWaitsForNoSession() throws IOException {
        SparseEncoder encoder = model.open();
        SparseVector found = encoder.model().lend(Deadline.NONE, _ -> {
            Deadline soon = Deadline.in(Duration.ofMillis(20));
            assertThatThrownBy(() -> encoder.embedPassages(List.of("a man"), Budget.FULL, soon))
                    .isInstanceOf(DeadlineException.class);
            return encoder.embedQuery("a man");
        });
        assertThat(found).isEqualTo(encoder.embedQuery("a man"));
        encoder.close();
        assertThatThrownBy(() -> encoder.embedQuery("a man"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model is closed");
    }

    @Test
    void promptsStandBeforeBoth() throws IOException {
        SparseVector query;
        SparseVector document;
        SparseVector other;
        try (SparseEncoder encoder = model.open()) {
            query = encoder.embedQuery("find: a man");
            document = encoder.embed("text: a man");
            other = encoder.embed("usual: a man");
        }
        model.write("config_sentence_transformers.json", """
                {"model_type": "SparseEncoder", "similarity_fn_name": "dot", "default_prompt_name": "usual",
                 "prompts": {"query": "find: ", "document": "text: ", "usual": "usual: "}}
                """);
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(query);
            assertThat(encoder.embedPassages(List.of("a man"))).containsExactly(document);
            assertThat(encoder.embed("a man")).isEqualTo(other);
        }
    }

    @ParameterizedTest
    @EnumSource(StoredType.class)
    void whatIsSavedKeepsItsTable(StoredType type) throws IOException {
        Path saved = folder.resolve("saved");
        try (SparseEncoder encoder = model.open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            TestModels.acmize(
                    encoder.model().encoder(),
                    AdaptiveLayers.parse("mlp,vo", 2),
                    List.of(tokenizer.encode("a man wrote a letter").ids()));
            encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.KEEP, type);
            encoder.model().encoder().save(saved, tokenizer, ModelWriter.Existing.REPLACE, type);
            assertThat(files(saved))
                    .isEqualTo(files(folder).stream()
                            .filter(file -> !file.startsWith("saved"))
                            .collect(Collectors.toSet()));
            var json = JsonMapper.shared();
            assertThat(json.readTree(Files.readString(saved.resolve("modules.json"))))
                    .isEqualTo(json.readTree(RouterFolder.MODULES));
            assertThat(json.readTree(Files.readString(saved.resolve("router_config.json"))))
                    .isEqualTo(json.readTree(RouterFolder.ROUTER));
            for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
                assertThat(json.readTree(Files.readString(saved.resolve(RouterFolder.TABLE + file))))
                        .isEqualTo(json.readTree(Files.readString(folder.resolve(RouterFolder.TABLE + file))));
            }
            try (Safetensors table = Safetensors.open(saved.resolve(RouterFolder.TABLE + "model.safetensors"))) {
                var read = new float[RouterFolder.WORDS];
                table.read("weight", MemorySegment.ofArray(read));
                assertThat(read).containsExactly(model.weights());
            }
            try (SparseEncoder again = SparseEncoder.open(saved.toString(), RouterFolder.OPTIONS)) {
                assertThat(again.isAdaptive()).isTrue();
                assertThat(again.embedQuery("the letter was sent"))
                        .isEqualTo(encoder.embedQuery("the letter was sent"));
                if (type == StoredType.F32) {
                    assertThat(again.embed("the letter")).isEqualTo(encoder.embed("the letter"));
                }
                again.model().encoder().save(folder.resolve("twice"), tokenizer, ModelWriter.Existing.KEEP);
            }
        }
        try (SparseEncoder twice = SparseEncoder.open(folder.resolve("twice").toString(), RouterFolder.OPTIONS);
                MaskFiller filler = MaskFiller.open(saved.toString(), RouterFolder.OPTIONS)) {
            assertThat(twice.embedQuery("a").weights()).isNotEmpty();
            assertThat(filler.fill("a [MASK]", 1)).hasSize(1);
        }
    }

    /** As sentence-transformers' Router does; what it refuses without a word of what a text is, is read here as one to be found. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"default_route\": \"document\", \"allow_empty_key\": true | false | \"document\"",
                "\"default_route\": \"query\", \"allow_empty_key\": true | true | \"query\"",
                "\"default_route\": null, \"allow_empty_key\": true | true | \"query\"",
                "\"default_route\": null, \"allow_empty_key\": false | false | null"
            })
    void textsOfWhichNothingIsSaidGoTheDefaultWay(String parameters, boolean isLookedUp, String written)
            throws IOException {
        model.change(
                "router_config.json",
                "\"default_route\": \"document\",\n        \"allow_empty_key\": true",
                parameters);
        Path saved = folder.resolve("saved");
        SparseVector text;
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.looksTextsUp()).isEqualTo(isLookedUp);
            text = encoder.embed("a man wrote");
            assertThat(text)
                    .isEqualTo(
                            isLookedUp
                                    ? encoder.embedQuery("a man wrote")
                                    : encoder.embedPassages(List.of("a man wrote"))
                                            .getFirst());
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        assertThat(JsonMapper.shared()
                        .readTree(Files.readString(saved.resolve("router_config.json")))
                        .at("/parameters/default_route"))
                .hasToString(written);
        try (SparseEncoder again = SparseEncoder.open(saved.toString(), RouterFolder.OPTIONS)) {
            assertThat(again.looksTextsUp()).isEqualTo(isLookedUp);
            assertThat(again.embed("a man wrote")).isEqualTo(text);
        }
    }

    /** Python's AutoTokenizer finds out by it what tokenizer.json is. */
    @Test
    void whatIsSavedSaysWhatItsTokenizerIs() throws IOException {
        String file = RouterFolder.TABLE + "tokenizer_config.json";
        model.write(file, "{\"model_max_length\": 512}");
        assertThat(savedJson("once", file))
                .isEqualTo(
                        "{\"model_max_length\":512,\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"pad_token\":\"[PAD]\"}");
        Files.delete(folder.resolve(file));
        assertThat(savedJson("twice", file))
                .isEqualTo("{\"tokenizer_class\":\"PreTrainedTokenizerFast\",\"pad_token\":\"[PAD]\"}");
    }

    private String savedJson(String name, String file) throws IOException {
        Path saved = folder.resolve(name);
        try (SparseEncoder encoder = model.open()) {
            encoder.model().encoder().save(saved, encoder.model().files().tokenizer(), ModelWriter.Existing.KEEP);
        }
        return JsonMapper.shared()
                .readTree(Files.readString(saved.resolve(file)))
                .toString();
    }

    /** But for what sentence-transformers' own settings are written to. */
    private static Set<String> files(Path of) throws IOException {
        try (Stream<Path> all = Files.walk(of)) {
            return all.filter(Files::isRegularFile)
                    .map(path -> of.relativize(path).toString().replace('\\', '/'))
                    .filter(file -> !file.equals("sentence_bert_config.json"))
                    .collect(Collectors.toSet());
        }
    }

    /** Those of which OpenSearch has models. */
    @ParameterizedTest
    @CsvSource({"distilbert,distilbert,DistilBert,distilbert.", "new,new,New,new."})
    void otherFamiliesDoToo(String family, String type, String name, String prefix) throws IOException {
        SparseEncoderTest.write(folder, family, type, name, prefix, Map.of());
        try (SparseEncoder encoder = model.open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            assertThat(encoder.embedQuery("a man wrote")).isEqualTo(model.plain(tokenizer, "a man wrote", 512));
            assertThat(List.of(encoder.embed("a man wrote"))).isEqualTo(plainSplade(List.of("a man wrote")));
        }
    }

    /** As newer versions save it: the Transformer in a folder too, by its newer name, and here the router as well. */
    @ParameterizedTest
    @CsvSource({"''", "0_Router/"})
    void allModulesMayHaveFolders(String own) throws IOException {
        SparseVector query;
        SparseVector document;
        try (SparseEncoder encoder = model.open()) {
            query = encoder.embedQuery("a man");
            document = encoder.embed("a man");
        }
        model.change("router_config.json", "\"\"", "\"document_0_Transformer\"");
        model.change(
                "router_config.json",
                "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer",
                "sentence_transformers.base.modules.transformer.Transformer");
        Path transformer = Files.createDirectories(folder.resolve(own + "document_0_Transformer"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.move(folder.resolve(file), transformer.resolve(file));
        }
        Files.writeString(transformer.resolve("sentence_bert_config.json"), "{\"transformer_task\": \"fill-mask\"}");
        if (!own.isEmpty()) {
            for (String file : List.of("router_config.json", RouterFolder.TABLE, "document_1_SpladePooling")) {
                Files.move(folder.resolve(file), folder.resolve(own + file));
            }
            model.change("modules.json", "\"path\": \"\"", "\"path\": \"0_Router\"");
        }
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(query);
            assertThat(encoder.embed("a man")).isEqualTo(document);
        }
    }
}
