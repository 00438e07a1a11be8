package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BadFileException;
import io.tokenwise.model.open.Models;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** What tables and routers of sparse encoders may be, and what is refused of them. */
class RouterFilesTest {
    @TempDir
    private Path folder;

    private RouterFolder model;

    @BeforeEach
    void writeModel() throws IOException {
        model = RouterFolder.write(folder);
    }

    @Test
    void aTableMayBeJson() throws IOException {
        SparseVector wanted;
        Map<String, Float> byToken = new TreeMap<>();
        try (SparseEncoder encoder = model.open()) {
            wanted = encoder.embedQuery("what is the weather, ##s");
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            for (int id = 0; id < RouterFolder.WORDS; id++) {
                if (model.weights()[id] != 0) {
                    byToken.put(tokenizer.tokens(new int[] {id}).getFirst(), model.weights()[id]);
                }
            }
        }
        Files.delete(folder.resolve(RouterFolder.TABLE + "model.safetensors"));
        model.write(RouterFolder.TABLE + "config.json", "{\"path\": \"idf.json\", \"frozen\": false}");
        for (String place : List.of("idf.json", RouterFolder.TABLE + "idf.json")) {
            model.write(place, JsonMapper.shared().writeValueAsString(byToken));
            try (SparseEncoder encoder = model.open()) {
                assertThat(encoder.embedQuery("what is the weather, ##s")).isEqualTo(wanted);
            }
            Files.delete(folder.resolve(place));
        }
        assertThatThrownBy(model::open)
                .hasMessage(folder.resolve(RouterFolder.TABLE + "config.json")
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
            model.write("idf.json", bad);
            assertRefused(folder.resolve("idf.json") + ": ");
        }
        model.write("idf.json", "{\"weather\": 1, \"no such token\": 2}");
        assertRefused("idf.json: \"no such token\" has 2; must be a token of the model's and a number, its weight");
    }

    /** Beside modules.json, wherever the Transformer is. */
    @Test
    void aTableOfJsonMayLieWithAllModules() throws IOException {
        model.change("router_config.json", "\"\"", "\"document_0_Transformer\"");
        Path transformer = Files.createDirectory(folder.resolve("document_0_Transformer"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
            Files.move(folder.resolve(file), transformer.resolve(file));
        }
        Files.delete(folder.resolve(RouterFolder.TABLE + "model.safetensors"));
        model.write(RouterFolder.TABLE + "config.json", "{\"path\": \"idf.json\"}");
        model.write("idf.json", "{\"weather\": 2.5}");
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.embedQuery("the weather").weights()).containsExactly(2.5f);
        }
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
        model.writeTable(Arrays.copyOf(model.weights(), 3_000), 3_000);
        try (SparseEncoder encoder = model.open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            int weather = tokenizer.id("weather").orElseThrow();
            assertThat(weather)
                    .isGreaterThan(3_000)
                    .satisfies(id -> assertThat(model.weights()[id]).isNotZero());
            assertThat(encoder.embedQuery("the weather")).isEqualTo(encoder.embedQuery("the"));
        }
        String shape = RouterFolder.TABLE
                + "model.safetensors: tensor weight has shape %s; must be [tokens], a weight for each of up"
                + " to 30522, which the model knows";
        model.writeTable(new float[RouterFolder.WORDS + 1], RouterFolder.WORDS + 1);
        assertRefused(shape.formatted("[30523]"));
        model.writeTable(model.weights(), RouterFolder.WORDS, 1);
        assertRefused(shape.formatted("[30522, 1]"));
        model.writeTable(new float[0], 0);
        assertRefused(shape.formatted("[0]"));
        model.weights()[77] = Float.NaN;
        model.writeTable(model.weights(), RouterFolder.WORDS);
        assertRefused("tensor weight: element 77 is NaN");
        Files.delete(folder.resolve(RouterFolder.TABLE + "model.safetensors"));
        assertRefused(RouterFolder.TABLE + "model.safetensors: no such file");
        model.write(RouterFolder.TABLE + "pytorch_model.bin", "");
        assertRefused(RouterFolder.TABLE
                + "pytorch_model.bin: begins neither as a zip archive nor as PyTorch's older files do");
    }

    @Test
    void queriesAndDocumentsHaveOneTokenizer() throws IOException {
        SparseVector wanted;
        try (SparseEncoder encoder = model.open()) {
            wanted = encoder.embedQuery("a man");
        }
        var tokenizer = (ObjectNode) JsonMapper.shared().readTree(Files.readString(folder.resolve("tokenizer.json")));
        // Python notes there how it has cut and padded.
        tokenizer.putObject("truncation").put("max_length", 7);
        tokenizer.putObject("padding").put("pad_id", 3);
        model.write(RouterFolder.TABLE + "tokenizer.json", tokenizer.toString());
        try (SparseEncoder encoder = model.open()) {
            assertThat(encoder.embedQuery("a man")).isEqualTo(wanted);
        }
        ((ObjectNode) tokenizer.get("normalizer")).put("lowercase", false);
        model.write(RouterFolder.TABLE + "tokenizer.json", tokenizer.toString());
        assertRefused(
                RouterFolder.TABLE + "tokenizer.json: is another tokenizer than " + folder.resolve("tokenizer.json")
                        + ", or the same in another form; supported: one for queries and documents");
        Files.delete(folder.resolve(RouterFolder.TABLE + "tokenizer.json"));
        model.open().close();
    }

    /** Which are read as a stream too. */
    @Test
    void tokenizersMayBeLargerThanATree() throws IOException {
        var tokenizer = (ObjectNode) JsonMapper.shared().readTree(Files.readString(folder.resolve("tokenizer.json")));
        ArrayNode unread = tokenizer.putObject("truncation").putArray("directions");
        IntStream.range(0, 1_100_000).forEach(unread::add);
        model.write(RouterFolder.TABLE + "tokenizer.json", tokenizer.toString());
        model.open().close();
        ((ObjectNode) tokenizer.get("model")).put("unk_token", "[PAD]");
        model.write(RouterFolder.TABLE + "tokenizer.json", tokenizer.toString());
        assertRefused(RouterFolder.TABLE + "tokenizer.json: is another tokenizer than ");
    }

    @Test
    void aTokenizerOfQueriesMayHaveOlderFiles() throws IOException {
        String[] pieces = pieces();
        for (String place : List.of("", RouterFolder.TABLE)) {
            Files.delete(folder.resolve(place + "tokenizer.json"));
            model.write(place + "vocab.txt", String.join("\n", pieces));
        }
        model.open().close();
        model.write(RouterFolder.TABLE + "tokenizer_config.json", "{\"do_lower_case\": false}");
        String another = RouterFolder.TABLE + "vocab.txt: is another tokenizer than " + folder.resolve("vocab.txt");
        assertRefused(another);
        model.write(RouterFolder.TABLE + "tokenizer_config.json", "{}");
        model.open().close();
        String last = pieces[pieces.length - 1];
        model.change(RouterFolder.TABLE + "vocab.txt", "\n" + last, "\n" + last + "s");
        assertRefused(another);
        Files.delete(folder.resolve(RouterFolder.TABLE + "vocab.txt"));
        model.write(RouterFolder.TABLE + "tokenizer.model", "");
        assertRefused("tokenizer.json: no such file, and tokenizer.model is not read");
    }

    private String[] pieces() throws IOException {
        try (SparseEncoder encoder = model.open()) {
            Tokenizer tokenizer = encoder.model().files().tokenizer();
            return tokenizer
                    .tokens(IntStream.range(0, tokenizer.vocabularySize()).toArray())
                    .toArray(String[]::new);
        }
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
                "router_config.json | \"default_route\": \"document\" | \"default_route\": \"passage\" | router_config.json:"
                        + " default_route is \"passage\"; supported: query or document",
                "document_1_SpladePooling/config.json | max | sum | pooling_strategy is \"sum\"; supported: max",
                "query_0_SparseStaticEmbedding/config.json | true | 1 | frozen is 1; supported: true or false",
            })
    void whatElseRoutersSayIsRefusedByName(String file, String good, String bad, String message) throws IOException {
        model.change(file, good, bad);
        assertRefused(message);
    }

    @Test
    void aTableHasAFolderOfItsOwn() throws IOException {
        model.change("router_config.json", "\"\"", "\"document_0_MLMTransformer\"");
        model.change("router_config.json", "\"query_0_SparseStaticEmbedding\"", "\"\"");
        assertRefused("router_config.json: types is {\"\":\"sentence_transformers.");
    }

    /** As sentence-transformers wrote them before version 5. */
    @Test
    void denseWaysAreRefusedByTheirFile() throws IOException {
        model.write(
                "modules.json",
                RouterFolder.MODULES.replace("Router", "Asym").replace("\"path\": \"\"", "\"path\": \"0_Asym\""));
        model.write("0_Asym/config.json", """
                {"types": {"q": "sentence_transformers.models.Dense", "d": "sentence_transformers.models.Dense"},
                 "structure": {"query": ["q"], "document": ["d"]}, "parameters": {"allow_empty_key": true}}
                """);
        assertRefused(folder.resolve("0_Asym/config.json") + ": structure is {\"query\":[\"q\"],\"document\":[\"d\"]};"
                + " supported: a Router alone");
    }
}
