package io.tokenwise.model.qwen3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.Safetensors;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.Array;
import io.tokenwise.references.RandomModel;
import io.tokenwise.references.Reference;
import io.tokenwise.references.TorchScript;
import io.tokenwise.session.Sessions;
import io.tokenwise.tokenizer.TokenizerTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** voyage-4-nano's layout: tokens that see each other, and behind the last norm a layer beside the model that makes their vectors wider. */
class ProjectedQwen3Test {
    private static final int WORDS = 97;
    private static final int WIDTH = 64;

    @TempDir
    private Path folder;

    private RandomModel model;

    @BeforeEach
    void write() throws IOException {
        Map<String, Object> config = Map.of(
                "use_bidirectional_attention", true, "num_labels", WIDTH, "matryoshka_dimensions", List.of(8, 56, 64));
        model = RandomModel.small("qwen3", config, 7).with("colbert", Map.of("dim", WIDTH), 8);
        model.write(folder, "model.");
        Files.writeString(folder.resolve("tokenizer.json"), TokenizerTest.SMALL);
        Files.writeString(folder.resolve("modules.json"), """
            [{"type": "sentence_transformers.models.Transformer", "path": ""},
             {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
             {"type": "sentence_transformers.models.Normalize", "path": "2_Normalize"}]\
            """);
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"pooling_mode_mean_tokens\": true}");
    }

    private static List<int[]> texts() {
        var random = new SplittableRandom(3);
        return List.of(
                random.ints(20, 4, WORDS).toArray(),
                random.ints(1, 4, WORDS).toArray(),
                random.ints(33, 4, WORDS).toArray());
    }

    private static float[][] vectors(Encoder encoder, Backend backend) {
        try (var sessions = new Sessions(encoder, backend, 256, 1)) {
            return sessions.encode(texts(), Budget.FULL, null);
        }
    }

    /** As text-embeddings-inference does it: each token through the layer, then their mean. */
    private double[] wanted(float[][] tokens) {
        Array weight = model.weights().get("linear.weight");
        var mean = new double[WIDTH];
        for (float[] token : tokens) {
            for (int i = 0; i < WIDTH; i++) {
                for (int k = 0; k < token.length; k++) {
                    mean[i] += (double) weight.values()[i * token.length + k] * token[k] / tokens.length;
                }
            }
        }
        double squares = 0;
        for (double value : mean) {
            squares += value * value;
        }
        for (int i = 0; i < WIDTH; i++) {
            mean[i] /= Math.sqrt(squares);
        }
        return mean;
    }

    @Test
    void vectorsAreMeansOfProjectedTokens() throws IOException {
        assumeThat(TorchScript.isAvailable()).as("libtorch").isTrue();
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend);
                Reference torch = model.reference()) {
            float[][] ours = vectors(encoder, backend);
            for (int i = 0; i < ours.length; i++) {
                double[] wanted = wanted(torch.run(texts().get(i)).last());
                assertThat(ours[i]).hasSize(WIDTH);
                double squares = 0;
                for (int k = 0; k < WIDTH; k++) {
                    squares += (ours[i][k] - wanted[k]) * (ours[i][k] - wanted[k]);
                }
                assertThat(Math.sqrt(squares)).as("text " + i).isLessThan(1e-4);
            }
            assertThat(((TextDescription) files.description()).shorter()).containsExactly(8, 56);
        }
    }

    @Test
    void whatIsSavedIsTheSame() throws IOException {
        Path saved = folder.resolve("saved");
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(folder);
                Encoder encoder = Encoder.load(files, backend)) {
            encoder.save(saved, files.tokenizer(), ModelWriter.Existing.KEEP);
            try (ModelFiles again = Models.open(saved);
                    Encoder same = Encoder.load(again, backend);
                    Safetensors tensors = Safetensors.open(saved.resolve("model.safetensors"))) {
                assertThat(vectors(same, backend)).isDeepEqualTo(vectors(encoder, backend));
                assertThat(tensors.names()).contains("linear.weight");
                assertThat(again.description().architecture())
                        .isEqualTo(files.description().architecture());
            }
        }
        assertThat(Files.readString(saved.resolve("config.json"))).containsPattern("\"is_causal\" *: *false");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "config.json | \"num_labels\":64 | \"num_labels\":48 | tensor linear.weight has shape [64, 48], by the"
                        + " model's description it must be [48, 48]",
                "modules.json | models.Pooling | models.Dense | supported: Pooling behind a model with a layer beside"
                        + " it, linear.weight",
            })
    void whatElseItCouldMeanIsRefused(String file, String good, String bad, String message) throws IOException {
        Files.writeString(
                folder.resolve("modules.json"),
                Files.readString(folder.resolve("modules.json")).replaceFirst(",\\s*\\{[^{]*Normalize[^}]*}", ""));
        String text = Files.readString(folder.resolve(file));
        assertThat(text).contains(good);
        Files.writeString(folder.resolve(file), text.replace(good, bad));
        assertThatThrownBy(() -> Models.open(folder))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining(message);
    }
}
