package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.StoredType;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Sparse encoders that look queries up in a table, as OpenSearch's folders of sentence-transformers say it. */
class SparseRouterTest {
    private static final EngineOptions OPTIONS = EngineOptions.defaults()
            .withThreads(1)
            .withConcurrentCalls(1)
            .withBackend(new BackendChoice(BackendChoice.Kind.VECTOR, Precision.F32));

    private static final int WORDS = 30_522;
    private static final String TABLE = "query_0_SparseStaticEmbedding/";

    private static final String MODULES = """
            [
              {
                "idx": 0,
                "name": "0",
                "path": "",
                "type": "sentence_transformers.models.Router"
              }
            ]""";

    private static final String ROUTER = """
            {
                "types": {
                    "query_0_SparseStaticEmbedding": "sentence_transformers.sparse_encoder.models.SparseStaticEmbedding.SparseStaticEmbedding",
                    "": "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer",
                    "document_1_SpladePooling": "sentence_transformers.sparse_encoder.models.SpladePooling.SpladePooling"
                },
                "structure": {
                    "query": [
                        "query_0_SparseStaticEmbedding"
                    ],
                    "document": [
                        "",
                        "document_1_SpladePooling"
                    ]
                },
                "parameters": {
                    "default_route": "document",
                    "allow_empty_key": true
                }
            }""";

    private static final String POOLING = """
            {
                "pooling_strategy": "max",
                "activation_function": "log1p_relu",
                "word_embedding_dimension": null
            }""";

    private static final String FROZEN = """
            {
                "frozen": true
            }""";

    @TempDir
    private Path folder;

    private final float[] weights = new float[WORDS];

    @BeforeEach
    void writeModel() throws IOException {
        SparseEncoderTest.write(folder, "bert", "bert", "Bert", "bert.", Map.of());
        var random = new Random(3);
        for (int i = 0; i < WORDS; i++) {
            // Those that training does not freeze may go below 0; some words are worth nothing.
            weights[i] = i % 7 == 0 ? 0 : (float) (4 + 3 * random.nextGaussian());
        }
        write("modules.json", MODULES);
        write("router_config.json", ROUTER);
        write("document_1_SpladePooling/config.json", POOLING);
        write(TABLE + "config.json", FROZEN);
        write(TABLE + "tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\", \"model_max_length\": 512}");
        write(TABLE + "tokenizer.json", Files.readString(folder.resolve("tokenizer.json")));
        writeTable(weights, WORDS);
    }

    private void write(String file, String text) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private void writeTable(float[] values, long... shape) throws IOException {
        SafetensorsWriter.write(
                folder.resolve(TABLE + "model.safetensors"),
                Map.of("weight", new TensorData(shape, MemorySegment.ofArray(values))),
                Map.of());
    }

    private void change(String file, String good, String bad) throws IOException {
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        write(file, text.replace(good, bad));
    }

    private SparseEncoder open() throws IOException {
        return SparseEncoder.open(folder.toString(), OPTIONS);
    }

    /** What Python gives: ones at the text's ids, times the table. */
    private SparseVector plain(Tokenizer tokenizer, String query, int most) {
        var found = new TreeMap<Integer, Float>();
        int[] all = tokenizer.encodeAll(query);
        for (int i = 0; i < Math.min(most, all.length); i++) {
            if (weights[all[i]] != 0) {
                found.put(all[i], weights[all[i]]);
            }
        }
        var values = new float[found.size()];
        int at = 0;
        for (float value : found.values()) {
            values[at++] = value;
        }
        return new SparseVector(found.keySet().stream().mapToInt(id -> id).toArray(), values);
    }

    /** By the checksums of opensearch-neural-sparse-encoding-doc-v3-distill at babf71f3, as github.com has them in a program that downloads it. */
    @Test
    void theFilesAreThoseThatArePublished() throws Exception {
        Map<String, String> published = Map.of(
                MODULES, "2e12f8a5fbc625578d7bbaee4c18b748ccd82f0d4549c3d952638693ce4058cf",
                ROUTER, "c373414574b65ea6612a43c16a17d8a5942e91ccde1cd1433e41619af02a8264",
                POOLING, "d7a84fb418b94887421b277c5407175e476f0fa629037f4f5db540e98db682f3",
                FROZEN, "f1aa3269d4139c461e2d3b7b8f1570f507bc59529cffb004c6a3702da4f5087a");
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
        try (SparseEncoder encoder = open()) {
            assertThat(encoder.looksQueriesUp()).isTrue();
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            List<SparseVector> found = encoder.embedQueries(queries, Budget.flops(.1), Deadline.NONE);
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i)).isEqualTo(plain(tokenizer, queries.get(i), 512));
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
        write(
                "modules.json",
                "[{\"path\": \"\", \"type\": \"x.MLMTransformer\"}, {\"path\": \"document_1_SpladePooling\", \"type\":"
                        + " \"x.SpladePooling\"}]");
        try (SparseEncoder encoder = open()) {
            assertThat(encoder.looksQueriesUp()).isFalse();
            assertThat(encoder.embedQuery(texts.getFirst())).isEqualTo(encoder.embed(texts.getFirst()));
            return encoder.embed(texts);
        } finally {
            write("modules.json", MODULES);
        }
    }

    /** The one call that runs at a time is taken. */
    @Test
    void aQueryWaitsForNoSession() throws IOException {
        SparseEncoder encoder = open();
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
        try (SparseEncoder encoder = open()) {
            query = encoder.embedQuery("find: a man");
            document = encoder.embed("text: a man");
            other = encoder.embed("usual: a man");
        }
        write("config_sentence_transformers.json", """
                {"model_type": "SparseEncoder", "similarity_fn_name": "dot", "default_prompt_name": "usual",
                 "prompts": {"query": "find: ", "document": "text: ", "usual": "usual: "}}
                """);
        try (SparseEncoder encoder = open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(query);
            assertThat(encoder.embedPassages(List.of("a man"))).containsExactly(document);
            assertThat(encoder.embed("a man")).isEqualTo(other);
        }
    }

    @ParameterizedTest
    @EnumSource(StoredType.class)
    void whatIsSavedKeepsItsTable(StoredType type) throws IOException {
        Path saved = folder.resolve("saved");
        try (SparseEncoder encoder = open()) {
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
                    .isEqualTo(json.readTree(MODULES));
            assertThat(json.readTree(Files.readString(saved.resolve("router_config.json"))))
                    .isEqualTo(json.readTree(ROUTER));
            for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
                assertThat(json.readTree(Files.readString(saved.resolve(TABLE + file))))
                        .isEqualTo(json.readTree(Files.readString(folder.resolve(TABLE + file))));
            }
            try (Safetensors table = Safetensors.open(saved.resolve(TABLE + "model.safetensors"))) {
                var read = new float[WORDS];
                table.read("weight", MemorySegment.ofArray(read));
                assertThat(read).containsExactly(weights);
            }
            try (SparseEncoder again = SparseEncoder.open(saved.toString(), OPTIONS)) {
                assertThat(again.isAdaptive()).isTrue();
                assertThat(again.embedQuery("the letter was sent"))
                        .isEqualTo(encoder.embedQuery("the letter was sent"));
                if (type == StoredType.F32) {
                    assertThat(again.embed("the letter")).isEqualTo(encoder.embed("the letter"));
                }
                again.model().encoder().save(folder.resolve("twice"), tokenizer, ModelWriter.Existing.KEEP);
            }
        }
        try (SparseEncoder twice = SparseEncoder.open(folder.resolve("twice").toString(), OPTIONS);
                MaskFiller filler = MaskFiller.open(saved.toString(), OPTIONS)) {
            assertThat(twice.embedQuery("a").weights()).isNotEmpty();
            assertThat(filler.fill("a [MASK]", 1)).hasSize(1);
        }
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
        try (SparseEncoder encoder = open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            assertThat(encoder.embedQuery("a man wrote")).isEqualTo(plain(tokenizer, "a man wrote", 512));
            assertThat(List.of(encoder.embed("a man wrote"))).isEqualTo(plainSplade(List.of("a man wrote")));
        }
    }

    /** As newer versions save it: the Transformer in a folder too, by its newer name, and here the router as well. */
    @ParameterizedTest
    @CsvSource({"''", "0_Router/"})
    void allModulesMayHaveFolders(String own) throws IOException {
        SparseVector query;
        SparseVector document;
        try (SparseEncoder encoder = open()) {
            query = encoder.embedQuery("a man");
            document = encoder.embed("a man");
        }
        change("router_config.json", "\"\"", "\"document_0_Transformer\"");
        change(
                "router_config.json",
                "sentence_transformers.sparse_encoder.models.MLMTransformer.MLMTransformer",
                "sentence_transformers.base.modules.transformer.Transformer");
        Path transformer = Files.createDirectories(folder.resolve(own + "document_0_Transformer"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.move(folder.resolve(file), transformer.resolve(file));
        }
        Files.writeString(transformer.resolve("sentence_bert_config.json"), "{\"transformer_task\": \"fill-mask\"}");
        if (!own.isEmpty()) {
            for (String file : List.of("router_config.json", TABLE, "document_1_SpladePooling")) {
                Files.move(folder.resolve(file), folder.resolve(own + file));
            }
            change("modules.json", "\"path\": \"\"", "\"path\": \"0_Router\"");
        }
        try (SparseEncoder encoder = open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(query);
            assertThat(encoder.embed("a man")).isEqualTo(document);
        }
    }

    @Test
    void aTableMayBeJson() throws IOException {
        SparseVector wanted;
        Map<String, Float> byToken = new TreeMap<>();
        try (SparseEncoder encoder = open()) {
            wanted = encoder.embedQuery("what is the weather, ##s");
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            for (int id = 0; id < WORDS; id++) {
                if (weights[id] != 0) {
                    byToken.put(tokenizer.tokens(new int[] {id}).getFirst(), weights[id]);
                }
            }
        }
        Files.delete(folder.resolve(TABLE + "model.safetensors"));
        write(TABLE + "config.json", "{\"path\": \"idf.json\", \"frozen\": false}");
        for (String place : List.of("idf.json", TABLE + "idf.json")) {
            write(place, JsonMapper.shared().writeValueAsString(byToken));
            try (SparseEncoder encoder = open()) {
                assertThat(encoder.embedQuery("what is the weather, ##s")).isEqualTo(wanted);
            }
            Files.delete(folder.resolve(place));
        }
        assertThatThrownBy(this::open)
                .hasMessage(folder.resolve(TABLE + "config.json")
                        + ": path is \"idf.json\"; supported: a file such as idf.json in this folder or the model's");
        for (String bad : List.of(
                "{\"weather\": 1, \"no such token\": 2}",
                "{\"weather\": \"1\"}",
                "{\"weather\": null}",
                "{\"weather\": 1e39}",
                "{\"weather\": NaN}",
                "{\"weather\": 1, \"weather\": 2}",
                "{\"a\\nb\": 1}",
                "[1, 2]",
                "{\"weather\": 1")) {
            write("idf.json", bad);
            assertRefused(folder.resolve("idf.json") + ": ");
        }
        write("idf.json", "{\"weather\": 1, \"no such token\": 2}");
        assertRefused("idf.json: \"no such token\" has 2; must be a token of the model's and a number, its weight");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }

    /** The last ids have no weights in the file that Python makes of an idf.json without them. */
    @Test
    void aTableMayBeShorterThanTheVocabularyButNotLonger() throws IOException {
        writeTable(Arrays.copyOf(weights, 3_000), 3_000);
        try (SparseEncoder encoder = open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            int weather = tokenizer.id("weather").orElseThrow();
            assertThat(weather)
                    .isGreaterThan(3_000)
                    .satisfies(id -> assertThat(weights[id]).isNotZero());
            assertThat(encoder.embedQuery("the weather")).isEqualTo(encoder.embedQuery("the"));
        }
        String shape =
                TABLE + "model.safetensors: tensor weight has shape %s; must be [tokens], a weight for each of up"
                        + " to 30522, which the model knows";
        writeTable(new float[WORDS + 1], WORDS + 1);
        assertRefused(shape.formatted("[30523]"));
        writeTable(weights, WORDS, 1);
        assertRefused(shape.formatted("[30522, 1]"));
        writeTable(new float[0], 0);
        assertRefused(shape.formatted("[0]"));
        weights[77] = Float.NaN;
        writeTable(weights, WORDS);
        assertRefused("tensor weight: element 77 is NaN");
        Files.delete(folder.resolve(TABLE + "model.safetensors"));
        assertRefused(TABLE + "model.safetensors: no such file");
        write(TABLE + "pytorch_model.bin", "");
        assertRefused("no such file, and query_0_SparseStaticEmbedding/pytorch_model.bin is not read");
    }

    @Test
    void queriesAndDocumentsHaveOneTokenizer() throws IOException {
        SparseVector wanted;
        try (SparseEncoder encoder = open()) {
            wanted = encoder.embedQuery("a man");
        }
        var tokenizer = (ObjectNode) JsonMapper.shared().readTree(Files.readString(folder.resolve("tokenizer.json")));
        // Python notes there how it has cut and padded.
        tokenizer.putObject("truncation").put("max_length", 7);
        tokenizer.putObject("padding").put("pad_id", 3);
        write(TABLE + "tokenizer.json", tokenizer.toString());
        try (SparseEncoder encoder = open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(wanted);
        }
        ((ObjectNode) tokenizer.get("normalizer")).put("lowercase", false);
        write(TABLE + "tokenizer.json", tokenizer.toString());
        assertRefused(TABLE + "tokenizer.json: is another tokenizer than " + folder.resolve("tokenizer.json")
                + "; supported: one for queries and documents");
        Files.delete(folder.resolve(TABLE + "tokenizer.json"));
        open().close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "modules.json | models.Router\" | models.Router\"}, {\"type\": \"x.Normalize\" | modules.json: type is"
                        + " \"sentence_transformers.models.Router\"; supported: a Router alone, with query of one"
                        + " SparseStaticEmbedding and document of a Transformer and a SpladePooling",
                "modules.json | \"path\": \"\" | \"path\": \"2_Asym\" | 2_Asym/config.json: no such file",
                "router_config.json | \"document\": [ | \"passage\": [ | router_config.json: structure is {\"query\"",
                "router_config.json | SparseStaticEmbedding.SparseStaticEmbedding | StaticEmbedding.StaticEmbedding |"
                        + " router_config.json: types is {",
                "router_config.json | MLMTransformer.MLMTransformer | Dense.Dense | supported: a Router alone, with query of",
                "router_config.json | SpladePooling.SpladePooling | Pooling.Pooling | supported: a Router alone, with query",
                "router_config.json | \"document\": [ | \"document\": [\"\", | structure is {",
                "router_config.json | \"query_0_SparseStaticEmbedding\" | \"../x\" | path is \"../x\"; supported: the name of a"
                        + " folder in the model's",
                "router_config.json | true | true, \"route_mappings\": {\"(None, 'text')\": \"query\"} | route_mappings is"
                        + " {\"(None, 'text')\":\"query\"}; supported: none, the ways by their own names",
                "router_config.json | \"types\" | \"kinds\" | router_config.json: types is missing; supported: a Router",
                "document_1_SpladePooling/config.json | max | sum | pooling_strategy is \"sum\"; supported: max",
                "query_0_SparseStaticEmbedding/config.json | true | 1 | frozen is 1; supported: true or false",
            })
    void whatElseRoutersSayIsRefusedByName(String file, String good, String bad, String message) throws IOException {
        change(file, good, bad);
        assertRefused(message);
    }

    @Test
    void aTableHasAFolderOfItsOwn() throws IOException {
        change("router_config.json", "\"\"", "\"document_0_MLMTransformer\"");
        change("router_config.json", "\"query_0_SparseStaticEmbedding\"", "\"\"");
        assertRefused("router_config.json: types is {\"\":\"sentence_transformers.");
    }

    /** As sentence-transformers wrote them before version 5. */
    @Test
    void denseWaysAreRefusedByTheirFile() throws IOException {
        write("modules.json", MODULES.replace("Router", "Asym").replace("\"path\": \"\"", "\"path\": \"0_Asym\""));
        write("0_Asym/config.json", """
                {"types": {"q": "sentence_transformers.models.Dense", "d": "sentence_transformers.models.Dense"},
                 "structure": {"query": ["q"], "document": ["d"]}, "parameters": {"allow_empty_key": true}}
                """);
        assertRefused(folder.resolve("0_Asym/config.json") + ": structure is {\"query\":[\"q\"],\"document\":[\"d\"]};"
                + " supported: a Router alone");
    }
}
