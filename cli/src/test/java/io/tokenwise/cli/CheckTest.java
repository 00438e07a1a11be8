package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThatCode;

import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.open.Models;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The command {@code check}, on real models that a registry has and on folders. */
class CheckTest extends CommandTest {
    private static Path folder;

    @BeforeAll
    static void write(@TempDir Path temp) throws IOException {
        folder = UntrainedAdaptive.ofMiniLm(temp);
    }

    /** A copy of the folder whose config.json has another text in the place of one. */
    private static Path changed(Path temp, String file, String was, String is) throws IOException {
        Path copy = Files.createDirectory(temp.resolve("changed"));
        try (var all = Files.walk(folder)) {
            for (Path from : all.filter(path -> !path.equals(folder)).toList()) {
                Files.copy(from, copy.resolve(folder.relativize(from).toString()));
            }
        }
        String given = Files.readString(copy.resolve(file));
        assertThat(given).contains(was);
        Files.writeString(copy.resolve(file), given.replace(was, is));
        return copy;
    }

    @ParameterizedTest
    @ValueSource(strings = {"minilm", "bge-small", "e5-small"})
    void realModelsGiveWhatOthersPublished(String model) {
        assumeThatCode(() -> Models.builtIn(model).close())
                .as("./tokenwise fetch " + model)
                .doesNotThrowAnyException();
        assertThat(run("check", model, "--json")).as(out.toString() + err).isZero();
        assertThat(line(0).get("right").booleanValue()).isTrue();
        assertThat(line(0).get("compared").values()).isNotEmpty().allSatisfy(row -> {
            assertThat(row.get("within").booleanValue()).isTrue();
            // Most sources are rounded to four digits.
            assertThat(row.get("largest").doubleValue()).isLessThan(2e-4);
            assertThat(row.get("source").stringValue()).isNotEmpty();
        });
    }

    @Test
    void aModelOfWhichNoNumbersAreKnownIsDescribed() {
        assertThat(run("check", folder.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("6 of width 384", "pooled by mean, of length 1", "30,522 tokens", "not understood    none")
                .contains("All is understood; no numbers are known to compare with.");
    }

    /** As of bge-m3: vectors of texts, sparse ones, and those of tokens. */
    @Test
    void layersBesideATextEncoderAreSaid(@TempDir Path temp) throws IOException {
        Path model = temp.resolve("m3");
        SmallTextModel.writeM3(model);
        assertThat(run("check", model.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("24 numbers: pooled by first, of length 1")
                .contains("and can be")
                .contains(
                        "a sparse encoder, a weight for each token; a late-interaction encoder, 8 numbers for each token");
        Files.writeString(model.resolve("colbert_linear.pt"), "nothing");
        assertThat(run("check", model.toString())).isNotZero();
        assertThat(err.toString()).contains("colbert_linear.pt: begins neither as a zip archive");
    }

    /** With what is published of one of them. */
    @Test
    void numbersOfALayerAreComparedToo(@TempDir Path temp) throws IOException {
        Path model = temp.resolve("m3");
        SmallTextModel.writeM3(model);
        assertThat(run("check", model.toString(), "--as", "BAAI/bge-m3", "--json"))
                .isEqualTo(1);
        assertThat(line(0).get("text").get("besides")).hasSize(2);
        assertThat(line(0).get("compared").values())
                .extracting(row -> row.get("what").stringValue())
                .containsExactly(
                        "4 cosines of 4 texts",
                        "2 products with 'What is BGE M3?'",
                        "2 products with 'Defination of BM25'");
    }

    /** At full budget it is the model that it was made of. */
    @Test
    void aFolderIsComparedAsIsSaid() {
        assertThat(run("check", folder.toString(), "--as", "all-MiniLM-L6-v2"))
                .as(out.toString() + err)
                .isZero();
        assertThat(out.toString()).contains("The model gives what it should.").doesNotContain("WRONG");
    }

    @Test
    void wrongNumbersAreSaid() {
        assertThat(run("check", folder.toString(), "--as", "BAAI/bge-small-en-v1.5"))
                .isEqualTo(1);
        assertThat(out.toString()).contains("WRONG", "The model does not give what it should.");
    }

    @Test
    void aFolderIsKnownByItsName(@TempDir Path temp) throws IOException {
        Path named =
                temp.resolve("models--sentence-transformers--all-MiniLM-L6-v2").resolve("snapshots");
        Files.createDirectories(named);
        Path copy = changed(temp, "config.json", "\"model_type\"", "\"model_type\"");
        Path place = Files.move(copy, named.resolve("c9745ed1d9f207416be6d2e6f8de32d1f16199bf"));
        assertThat(run("check", place.toString(), "--json")).as(err.toString()).isZero();
        assertThat(line(0).get("known").stringValue()).isEqualTo("sentence-transformers/all-MiniLM-L6-v2");
    }

    @Test
    void aFieldThatIsNotUnderstoodIsSaid(@TempDir Path temp) throws IOException {
        Path odd = changed(
                temp,
                "config.json",
                "\"model_type\"",
                "\"rotary_share\": 0.5, \"attention_probs_dropout_prob\": 0.1, \"model_type\"");
        assertThat(run("check", odd.toString())).isEqualTo(1);
        assertThat(out.toString()).contains("not understood    rotary_share").contains("Some of it is not understood");
        out.getBuffer().setLength(0);
        assertThat(run("check", odd.toString(), "--as", "all-MiniLM-L6-v2", "--json"))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("unknown").get(0).stringValue()).isEqualTo("rotary_share");
        assertThat(line(0).get("harmless").toString()).contains("attention_probs_dropout_prob");
        assertThat(line(0).get("used").toString()).contains("hidden_size", "acm");
    }

    @Test
    void promptsAreSaid(@TempDir Path temp) throws IOException {
        Path odd = changed(temp, "config.json", "\"model_type\"", "\"model_type\"");
        Files.writeString(odd.resolve("config_sentence_transformers.json"), """
            {"prompts": {"query": "q: ", "Clustering": "c:\\n", "none": ""}, "default_prompt_name": "Clustering"}\
            """);
        assertThat(run("check", odd.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("prompts           query 'q: ', Clustering 'c:\\n' (where none is named)"
                        + System.lineSeparator());
    }

    @Test
    void whatAModelGivesIsSaid(@TempDir Path temp) throws IOException {
        Path scores = temp.resolve("scores");
        SmallTextModel.writeScores(scores);
        assertThat(run("check", scores.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains(
                        "1 number: a cross-encoder",
                        "WordPiece, 30,522 tokens",
                        "distill --adapt   tokens, mlp, qk, vo")
                .doesNotContain("pooled", "classes");
        out.getBuffer().setLength(0);
        Path names = temp.resolve("names");
        SmallTextModel.writeTokenClasses(names);
        assertThat(run("check", names.toString(), "--json")).as(err.toString()).isZero();
        assertThat(line(0).at("/text/kind").stringValue()).isEqualTo("a token classifier");
        assertThat(line(0).at("/text/pooling").isNull()).isTrue();
        assertThat(line(0).at("/text/labels/1").stringValue()).isEqualTo("B-PER");
        assertThat(line(0).at("/text/adaptive").valueStream().map(JsonNode::asString))
                .containsExactly("mlp", "qk", "vo");
        out.getBuffer().setLength(0);
        assertThat(run("check", names.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("5 numbers for each token: a token classifier")
                .contains("classes           O, B-PER, I-PER, B-LOC, I-LOC" + System.lineSeparator());
        out.getBuffer().setLength(0);
        Path vectors = temp.resolve("vectors");
        SmallTextModel.write(vectors);
        Path config = vectors.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", "{\"matryoshka_dimensions\": [8, 16],"));
        assertThat(run("check", vectors.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("fewer values      8, 16" + System.lineSeparator())
                .contains("distill --adapt   tokens, mlp, qk, vo" + System.lineSeparator());
    }

    /** A BERT as it was pre-trained gives vectors too, though nobody made it for them. */
    @Test
    void aMaskedLanguageModelIsCalledOne(@TempDir Path model) throws IOException {
        SmallTextModel.writeMaskedTokens(model);
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString())
                .contains("gives             30522 numbers for each token: a masked language model"
                        + System.lineSeparator())
                .contains("as text encoder   24 numbers: pooled by mean, of any length" + System.lineSeparator());
        out.getBuffer().setLength(0);
        assertThat(run("check", model.toString(), "--json")).isZero();
        assertThat(line(0).at("/text/kind").stringValue()).isEqualTo("a masked language model");
        assertThat(line(0).at("/text/words").intValue()).isEqualTo(30_522);
        assertThat(line(0).get("outputs").intValue()).isEqualTo(24);
    }

    @Test
    void aStaticModelIsATableWithoutLayers(@TempDir Path model) throws IOException {
        SmallTextModel.writeStatic(model);
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString())
                .contains("reads             texts of up to 128 tokens" + System.lineSeparator())
                .contains("layers            none: a table of tokens' vectors, of width 24" + System.lineSeparator())
                .contains("gives             24 numbers: pooled by mean, of length 1" + System.lineSeparator())
                .contains("not understood    none")
                .doesNotContain("distill");
        out.getBuffer().setLength(0);
        assertThat(run("info", model.toString())).as(err.toString()).isZero();
        assertThat(out.toString())
                .contains("layers            none: a table of tokens' vectors, of width 24")
                .doesNotContain("MFLOPs", "predicted");
        assertThat(run("info", model.toString(), "--measure")).isEqualTo(2);
        assertThat(err.toString()).contains("--measure: " + model + " has no layers whose time could be predicted");
        err.getBuffer().setLength(0);
        assertThat(runOn("who wrote Faust?", "embed", "--model", model.toString(), "--flops", "0.5"))
                .isZero();
        assertThat(err.toString().strip()).isEqualTo(model + " is a dense model: a budget changes nothing");
        Path texts = Files.writeString(model.resolve("texts.txt"), "a text\n".repeat(40));
        String never = model.resolve("never").toString();
        assertThat(run("distill", "--model", model.toString(), "--data", texts.toString(), "--out", never))
                .isOne();
        assertThat(err.toString())
                .contains(model + ": is a table of tokens' vectors, without layers that could become adaptive");
    }

    /** That it may be made for another question no file says. */
    @Test
    void aCausalModelIsSaidToBeAskedAsQwen3Reranker(@TempDir Path model) throws IOException {
        SmallTextModel.write(model, """
                {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "vocab_size": 30522, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3,
                 "intermediate_size": 48, "head_dim": 8, "max_position_embeddings": 512, "tie_word_embeddings": true}
                """);
        Files.delete(model.resolve("modules.json"));
        Files.delete(model.resolve("1_Pooling/config.json"));
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString())
                .contains("gives             1 number: a cross-encoder, asked as Qwen3-Reranker is"
                        + System.lineSeparator());
    }

    /** By the words of its chat template. */
    @Test
    void aQwen2IsSaidToBeAskedAsMxbaiRerank(@TempDir Path model) throws IOException {
        SmallTextModel.write(model, """
                {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 30522, "hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 3,
                 "intermediate_size": 48, "max_position_embeddings": 512, "tie_word_embeddings": true}
                """);
        Files.delete(model.resolve("modules.json"));
        Files.delete(model.resolve("1_Pooling/config.json"));
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "You are a search relevance expert who evaluates how well documents match search queries. For each query-document"
                        + " pair, carefully analyze the semantic relationship between them, then provide your binary relevance"
                        + " judgment (0 for not relevant, 1 for relevant).");
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString())
                .contains("gives             1 number: a cross-encoder, asked as mxbai-rerank-v2 is"
                        + System.lineSeparator());
    }

    /** Of random weights, so wrong ones; that its words weigh 1 is what the numbers of splade-v3-doc rest on too. */
    @Test
    void aSparseEncoderMayLookQueriesUp(@TempDir Path model) throws IOException {
        SmallTextModel.writeMaskedTokens(model);
        String types = "\"%s\": \"sentence_transformers.sparse_encoder.models.%s\"";
        Files.writeString(
                model.resolve("modules.json"), "[{\"path\": \"\", \"type\": \"sentence_transformers.models.Router\"}]");
        Files.writeString(
                model.resolve("router_config.json"),
                "{\"types\": {" + types.formatted("q", "SparseStaticEmbedding") + ", "
                        + types.formatted("", "MLMTransformer") + ", " + types.formatted("d", "SpladePooling")
                        + "}, \"structure\": {\"query\": [\"q\"], \"document\": [\"\", \"d\"]}}");
        Files.createDirectory(model.resolve("d"));
        Files.writeString(model.resolve("d/config.json"), "{}");
        Files.createDirectory(model.resolve("q"));
        Files.writeString(model.resolve("q/config.json"), "{\"frozen\": true}");
        Files.writeString(model.resolve("q/tokenizer_config.json"), "{\"model_max_length\": 512}");
        var ones = new float[30_522];
        Arrays.fill(ones, 1);
        SafetensorsWriter.write(
                model.resolve("q/model.safetensors"),
                Map.of("weight", new TensorData(new long[] {ones.length}, MemorySegment.ofArray(ones))),
                Map.of());
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString())
                .contains("gives             30522 numbers: a sparse encoder" + System.lineSeparator())
                .contains(
                        "queries           weights of 30,522 tokens, looked up without the model, of up to 512 tokens; so are texts of which nothing is said"
                                + System.lineSeparator())
                .contains("prompts           none");
        out.getBuffer().setLength(0);
        assertThat(run("check", model.toString(), "--json", "--as", "naver/splade-v3-doc"))
                .isOne();
        assertThat(line(0).at("/text/queries").intValue()).isEqualTo(30_522);
        assertThat(line(0).at("/compared/0/what").stringValue())
                .isEqualTo("4 products with 'Which planet is known as the Red Planet?'");
        assertThat(line(0).at("/compared/0/within").booleanValue()).isFalse();
        assertThat(run("check", model.toString(), "--as", "all-MiniLM-L6-v2")).isEqualTo(2);
        assertThat(run("embed", "--model", model.toString())).isOne();
        assertThat(err.toString()).contains("is a sparse encoder; a text encoder is wanted here");
    }

    /** Nomic's longer texts than those of training want other angles. */
    @Test
    void thatTextsAreCutIsSaid(@TempDir Path model) throws IOException {
        SmallTextModel.write(model, """
                {"model_type": "nomic_bert", "vocab_size": 30522, "n_embd": 24, "n_layer": 1, "n_head": 3, "n_inner": 48,
                 "n_positions": 256, "rotary_scaling_factor": 2, "max_trained_positions": 64}
                """);
        assertThat(run("check", model.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString()).contains("texts of up to 64 tokens; config.json speaks of 256, which");
        out.getBuffer().setLength(0);
        assertThat(run("check", folder.toString(), "--json")).as(err.toString()).isZero();
        assertThat(line(0).get("longest").intValue()).isZero();
    }

    /** Of random weights, so wrong ones. */
    @Test
    void scoresAreCompared(@TempDir Path temp) throws IOException {
        Path scores = temp.resolve("scores");
        SmallTextModel.writeScores(scores);
        assertThat(run("check", scores.toString(), "--as", "ms-marco-MiniLM-L6-v2"))
                .isOne();
        assertThat(out.toString()).contains("WRONG           3 scores for 'How many people live in Berlin?'");
    }

    @Test
    void numbersOfAnotherKindOfModelAreRefused(@TempDir Path temp) throws IOException {
        Path scores = temp.resolve("scores");
        SmallTextModel.writeScores(scores);
        for (String model : List.of(scores.toString(), "vit-cifar10")) {
            err.getBuffer().setLength(0);
            assertThat(run("check", model, "--as", "all-MiniLM-L6-v2")).isEqualTo(2);
            assertThat(err.toString())
                    .contains(
                            "--as: what is known of 'all-MiniLM-L6-v2' is not what ",
                            " gives, as " + model + " is one");
        }
        assertThat(run("check", folder.toString(), "--as", "ms-marco-MiniLM-L6-v2"))
                .isEqualTo(2);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void anUnknownArchitectureIsOneLine(@TempDir Path temp) throws IOException {
        Path odd = changed(temp, "config.json", "\"model_type\" : \"bert\"", "\"model_type\" : \"rwkv\"");
        assertThat(run("check", odd.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("model_type is \"rwkv\"; supported: ");
    }

    @Test
    void anUnknownFlagIsOneLine(@TempDir Path temp) throws IOException {
        Path odd = changed(temp, "config.json", "\"hidden_act\" : \"gelu\"", "\"hidden_act\" : \"swish7\"");
        assertThat(run("check", odd.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("hidden_act is \"swish7\"; supported: ");
    }

    @Test
    void anUnknownTokenizerIsOneLine(@TempDir Path temp) throws IOException {
        Path odd = changed(temp, "tokenizer.json", "\"WordPiece\"", "\"WordLattice\"");
        assertThat(run("check", odd.toString())).isEqualTo(1);
        assertThat(err.toString().lines()).singleElement().asString().contains("tokenizer.json", "WordLattice");
    }

    @Test
    void anUnknownNameIsOneLine() {
        assertThat(run("check", "minilm", "--as", "gpt-5")).isEqualTo(2);
        assertThat(err.toString())
                .contains("--as: nothing is known of 'gpt-5'; there are numbers of sentence-transformers/");
    }

    @Test
    void everyKnownNumberHasASourceAndABound() {
        KnownModels table = KnownModels.load();
        assertThat(table.names()).doesNotHaveDuplicates().hasSizeGreaterThan(15);
        for (String name : table.names()) {
            KnownModels.Known known = table.find(name).orElseThrow();
            assertThat(known.name()).isEqualTo(name);
            assertThat(known.vectors().size()
                            + known.similarities().size()
                            + known.scores().size()
                            + known.products().size())
                    .isPositive();
            for (KnownModels.Vector vector : known.vectors()) {
                assertThat(vector.source()).isNotEmpty();
                assertThat(vector.tolerance()).isBetween(1e-6, 5e-3);
                assertThat(vector.places()).hasSameSizeAs(vector.values()).isNotEmpty();
            }
            for (KnownModels.Scores some : known.scores()) {
                assertThat(some.source()).isNotEmpty();
                // Of float16 some are known to one part in a hundred.
                assertThat(some.tolerance()).isBetween(1e-6, .05);
                assertThat(some.values()).hasSameSizeAs(some.texts()).isNotEmpty();
            }
            for (KnownModels.Scores some : known.products()) {
                assertThat(some.source()).isNotEmpty();
                // Of bfloat16 all are.
                double largest =
                        some.values().stream().mapToDouble(value -> value).max().orElseThrow();
                assertThat(some.tolerance()).isBetween(1e-6, .012 * largest);
                assertThat(some.values()).hasSameSizeAs(some.texts());
            }
            for (KnownModels.Similarities some : known.similarities()) {
                assertThat(some.source()).isNotEmpty();
                assertThat(some.tolerance()).isBetween(1e-6, 5e-3);
                assertThat(some.cosines()).isNotEmpty();
            }
        }
    }
}
