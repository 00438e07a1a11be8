package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.StaticFolder.Stored;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.finetune.FineTuneConfig;
import io.tokenwise.finetune.FineTuneRun;
import io.tokenwise.finetune.Labels;
import io.tokenwise.model.DamagedFolder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Static models that are damaged, and what they are not opened for. */
class StaticRefusalsTest {
    private static final EngineOptions PLAIN =
            EngineOptions.defaults().withThreads(1).withConcurrentCalls(1).withBackend(BackendChoice.FLOAT32);

    @TempDir
    private Path folder;

    private void assertRefused(String file, String fact) {
        assertThatThrownBy(() -> TextEncoder.open(folder.toString(), PLAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder.resolve(file) + ": " + fact);
    }

    @Test
    void badMappingsAndFactorsAreNamed() throws IOException {
        String file = "model.safetensors";
        for (double place : new double[] {3, -1, Long.MAX_VALUE}) {
            var places = new Stored("mapping", "I64", new int[] {7}, 0, 1, 2, 2, place, 1, 0);
            StaticFolder.model2vec(folder, true, "F32", 3, places);
            assertRefused(
                    file, "tensor mapping: element 4 is " + (long) place + "; the rows of embeddings go from 0 to 2");
        }
        StaticFolder.model2vec(folder, true, "F32", new Stored("mapping", "F32", new int[] {7}, new double[7]));
        assertRefused(file, "tensor mapping has dtype F32; rows of tokens are I32 or I64");
        StaticFolder.model2vec(folder, true, "F32", new Stored("mapping", "I64", new int[] {7, 1}, new double[7]));
        assertRefused(file, "tensor mapping has shape [7, 1], it must be [1 to 16777215 tokens]");
        StaticFolder.model2vec(folder, true, "F32", new Stored("weights", "F32", new int[] {6}, new double[6]));
        assertRefused(file, "tensor weights has shape [6], it must be [7], a factor for each token");
        StaticFolder.model2vec(
                folder, true, "F32", new Stored("weights", "F32", new int[] {7}, 1, 1, Double.NaN, 1, 1, 1, 1));
        assertRefused(file, "tensor weights: element 2 is NaN as float32; weights must be finite");
        StaticFolder.model2vec(
                folder, true, "F32", new Stored("weights", "F32", new int[] {7}, 1, 1, 3.4e38, 1, 1, 1, 1));
        assertRefused(file, "tensor weights: element 2 is 3.4E38, which makes a vector that is not finite");
    }

    @Test
    void badTablesAreNamed() throws IOException {
        String file = "model.safetensors";
        StaticFolder.model2vec(folder, true, "F32", 6);
        assertRefused("tokenizer.json", "has tokens up to 6, the model knows only 6");
        StaticFolder.weights(folder, List.of(new Stored("embeddings", "F32", new int[] {7}, new double[7])));
        assertRefused(file, "tensor embeddings has shape [7], it must be [1 to 16777215 rows, 1 to 65536 values]");
        StaticFolder.weights(folder, List.of(new Stored("embeddings", "I32", new int[] {7, 1}, new double[7])));
        try (TextEncoder encoder = TextEncoder.open(folder.toString(), PLAIN)) {
            assertThat(encoder.embed("a").vector()).containsExactly(0);
        }
        StaticFolder.weights(folder, List.of(new Stored("other", "F32", new int[] {7, 1}, new double[7])));
        assertRefused(file, "has no tensor embeddings, the vectors of tokens");
        Files.delete(folder.resolve("config.json"));
        assertRefused(file, "has no tensor embedding.weight, the vectors of tokens");
    }

    @Test
    void whatModel2vecDoesNotReadIsNamed() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        Files.createDirectory(folder.resolve("1_LayerNorm"));
        Files.writeString(folder.resolve("1_LayerNorm/config.json"), "{\"dimension\": 20}");
        Files.writeString(
                folder.resolve("modules.json"),
                StaticFolder.modules(
                        ".",
                        StaticFolder.STATIC,
                        ", {\"path\": \"1_LayerNorm\", \"type\": \"sentence_transformers.models.LayerNorm\"}"));
        assertRefused(
                "modules.json",
                "has more than StaticEmbedding and Normalize; beside a config.json of model2vec there is no more");
        Files.delete(folder.resolve("modules.json"));
        Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"model2vec\", \"acm\": {}}");
        assertRefused("config.json", "acm is {}; supported: none: a model without layers has nothing that is adaptive");
    }

    @Test
    void aCutThatIsNoneIsNamed() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        Files.writeString(
                folder.resolve("tokenizer.json"),
                StaticFolder.TOKENIZER.replace("\"truncation\":null", "\"truncation\":5"));
        assertRefused("tokenizer.json", "truncation is 5; supported: null, or an object with max_length");
    }

    @Test
    void otherDoorsAreClosed() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        assertThatThrownBy(() -> SparseEncoder.open(folder.toString(), PLAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder + ": is a text encoder without a masked-LM head; a sparse encoder is wanted here");
        assertThatThrownBy(() -> Reranker.open(folder.toString(), PLAIN))
                .isInstanceOf(BadFileException.class)
                .hasMessage(folder + ": is a text encoder; a cross-encoder is wanted here");
    }

    @Test
    void itIsNeitherDistilledNorFineTuned() throws IOException {
        StaticFolder.model2vec(folder, true, "F32");
        try (ModelFiles files = Models.open(folder)) {
            assertThatThrownBy(() -> DistillRun.check(files))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(folder + ": is a table of tokens' vectors, without layers that could become adaptive");
            var labels = Labels.Classes.of(List.of(new int[] {4}), List.of("x"));
            assertThatThrownBy(() ->
                            new FineTuneRun(files, labels, FineTuneConfig.of(1, 1e-4, 1), folder.resolve("out"), 1))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(folder + ": is a table of tokens' vectors, without layers that could be trained");
        }
    }

    @Test
    void damagedFilesAreOpenedOrRefusedInALine() throws IOException {
        try (VectorBackend backend = VectorBackend.open(1)) {
            var places = new Stored("mapping", "I64", new int[] {7}, 0, 1, 2, 2, 1, 1, 0);
            StaticFolder.model2vec(folder, true, "F16", 3, places);
            DamagedFolder.assertOpenedOrRefused(
                    folder, List.of("config.json", "modules.json", "model.safetensors"), backend);
        }
    }
}
