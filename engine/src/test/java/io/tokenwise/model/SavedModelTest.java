package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model that is saved and opened again gives the same vectors, bit for bit, or near ones if it was saved as bytes; AcmTest has the same for
 * adaptive models.
 */
class SavedModelTest {
    @Test
    void directorySavedFromMiniLmIsMiniLm(@TempDir Path directory) throws IOException {
        List<String> texts = WordNet.load().examples().subList(0, 50);
        Path target = directory.resolve("minilm");
        try (TextEncoder builtIn = TextEncoder.open("minilm", EngineOptions.defaults())) {
            builtIn.model().encoder().save(target, builtIn.model().files().tokenizer(), ModelWriter.Existing.KEEP);
            try (TextEncoder saved = TextEncoder.open(target.toString(), EngineOptions.defaults())) {
                assertThat(saved.model().files().text().maxTokens())
                        .isEqualTo(builtIn.model().files().text().maxTokens());
                for (int i = 0; i < texts.size(); i++) {
                    assertThat(saved.embed(texts.get(i), Budget.flops(0.5)).vector())
                            .as(texts.get(i))
                            .isEqualTo(builtIn.embed(texts.get(i)).vector());
                }
            }
        }
    }

    /** The dense blocks are in the file under the names that BERTs have, with rotated heads and sorted units. */
    @Test
    void adaptiveModelWithoutItsAcmObjectIsTheDenseOne(@TempDir Path directory) throws IOException {
        List<String> texts = WordNet.load().examples().subList(0, 20);
        Path target = directory.resolve("adaptive");
        var options = EngineOptions.defaults().withBackend(BackendChoice.FLOAT32);
        try (TextEncoder minilm = TextEncoder.open("minilm", options);
                ModelFiles files = TestModels.files("minilm");
                Encoder adaptive = Encoder.load(
                        files, minilm.model().encoder().parameters().backend())) {
            TestModels.acmize(adaptive, AdaptiveLayers.parse("mlp,qk,vo", 4), TestModels.sequences(30, 20));
            adaptive.save(target, files.tokenizer(), ModelWriter.Existing.KEEP);
            Path config = target.resolve("config.json");
            var json = (ObjectNode) new JsonMapper().readTree(config);
            json.remove("acm");
            Files.writeString(config, json.toString());
            try (TextEncoder dense = TextEncoder.open(target.toString(), options)) {
                assertThat(dense.model().encoder().acms()).isEmpty();
                for (String text : texts) {
                    assertThat(dense.embed(text).cosine(minilm.embed(text)))
                            .as(text)
                            .isGreaterThan(.999999);
                }
            }
        }
    }

    @Test
    void modelSavedAsBytesIsNearAndSavedAgainTheSame(@TempDir Path directory) throws IOException {
        List<String> texts = WordNet.load().examples().subList(0, 50);
        Path first = directory.resolve("first");
        Path second = directory.resolve("second");
        var options = EngineOptions.defaults().withBackend(BackendChoice.FLOAT32);
        try (TextEncoder minilm = TextEncoder.open("minilm", options)) {
            minilm.model()
                    .encoder()
                    .save(first, minilm.model().files().tokenizer(), ModelWriter.Existing.KEEP, StoredType.S8);
            assertThat(Files.size(first.resolve("model.safetensors"))).isLessThan(24_000_000);
            try (TextEncoder small = TextEncoder.open(first.toString(), options)) {
                for (String text : texts) {
                    assertThat(small.embed(text).cosine(minilm.embed(text)))
                            .as(text)
                            .isGreaterThan(.995);
                }
                small.model()
                        .encoder()
                        .save(second, small.model().files().tokenizer(), ModelWriter.Existing.KEEP, StoredType.S8);
            }
        }
        for (String file : List.of("model.safetensors", "config.json", "tokenizer.json", "modules.json")) {
            assertThat(Files.mismatch(first.resolve(file), second.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
        assertThatWeightsAreWithinHalfAStep(first);
    }

    private static void assertThatWeightsAreWithinHalfAStep(Path saved) throws IOException {
        try (ModelFiles minilm = TestModels.files("minilm");
                ModelFiles small = Models.open(saved);
                Arena arena = Arena.ofConfined()) {
            assertThat(small.weights().names())
                    .containsExactlyInAnyOrderElementsOf(minilm.weights().names());
            for (String name : minilm.weights().names()) {
                long[] shape = minilm.weights().shape(name);
                long values = Arrays.stream(shape).reduce(1, Math::multiplyExact);
                MemorySegment expected = arena.allocate(values * Float.BYTES, Float.BYTES);
                MemorySegment actual = arena.allocate(values * Float.BYTES, Float.BYTES);
                minilm.weights().read(name, expected);
                small.weights().read(name, actual);
                boolean whole = shape.length < 2 || name.contains("token_type");
                assertThat(small.weights().type(name)).as(name).isEqualTo(whole ? "F32" : "I8");
                if (whole) {
                    assertThat(actual.mismatch(expected)).as(name).isEqualTo(-1);
                } else {
                    assertThat(largestError(expected, actual, shape)).as(name).isBetween(.45, .51);
                }
            }
        }
    }

    /** In steps, of which a row's largest magnitude has 127. */
    private static double largestError(MemorySegment expected, MemorySegment actual, long[] shape) {
        double largest = 0;
        for (long row = 0; row < shape[0]; row++) {
            double most = 0;
            double error = 0;
            for (long i = row * shape[1]; i < (row + 1) * shape[1]; i++) {
                double value = expected.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                most = Math.max(most, Math.abs(value));
                error = Math.max(error, Math.abs(value - actual.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
            }
            largest = Math.max(largest, most == 0 ? 0 : error * 127 / most);
        }
        return largest;
    }
}
