package io.tokenwise.speech;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.TestModels;
import io.tokenwise.TestMoonshines;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small Moonshine with random weights against a plain one in double, and from and to files. */
class MoonshineTest {
    private static final int MOST_TOKENS = 12;

    @TempDir
    private Path folder;

    private final Backend backend = VectorBackend.open(2);
    private final Workspace workspace = new Workspace(HostMemory::allocate, 1L << 28);
    private final Pass pass = new Pass(backend.stream(), workspace);
    private Path small;

    @BeforeEach
    void write() throws IOException {
        small = folder.resolve("small");
        TestMoonshines.writeSmall(small);
    }

    @AfterEach
    void close() {
        workspace.close();
        backend.close();
    }

    private Encoder load(Path directory) throws IOException {
        try (ModelFiles files = Models.open(directory)) {
            return Encoder.load(files, backend);
        }
    }

    private static TokenBatch batch(Encoder model, float[]... recordings) {
        var batch = new TokenBatch();
        for (float[] recording : recordings) {
            model.add(batch, TestMoonshines.bits(recording));
        }
        return batch;
    }

    private int[] text(Encoder model, float[] recording) {
        Tensor frames = model.tokens(pass.begin(Budget.FULL), batch(model, recording));
        return model.decoder().writeAtMost(pass, frames, MOST_TOKENS);
    }

    @Test
    void framesAndTokensMeetTheReference() throws IOException {
        try (Encoder model = load(small);
                Arena arena = Arena.ofConfined()) {
            var reference =
                    new MoonshineReference(TestMoonshines.SMALL, TestMoonshines.weights(arena, TestMoonshines.SMALL));
            int different = 0;
            for (int seed = 0; seed < 4; seed++) {
                float[] sound = TestMoonshines.noise(.25 * (seed + 1), seed);
                Tensor frames = model.tokens(pass.begin(Budget.FULL), batch(model, sound));
                double[][] expected = reference.frames(sound);
                assertThat(frames.rows()).isEqualTo(expected.length);
                for (int t = 0; t < expected.length; t++) {
                    for (int c = 0; c < expected[t].length; c++) {
                        assertThat((double) frames.host().get(t, c)).isCloseTo(expected[t][c], within(1e-4));
                    }
                }
                int[] text = model.decoder().writeAtMost(pass, frames, MOST_TOKENS);
                assertThat(Arrays.stream(text).boxed().toList()).isEqualTo(reference.write(expected, MOST_TOKENS));
                different += (int) Arrays.stream(text).distinct().count();
            }
            // Not the same token again and again, which would prove little.
            assertThat(different).isGreaterThan(8);
        }
    }

    @Test
    void framesDoNotDependOnTheBatch() throws IOException {
        try (Encoder model = load(small)) {
            float[] first = TestMoonshines.noise(.3, 1);
            float[] second = TestMoonshines.noise(.5, 2);
            Tensor alone = model.tokens(pass.begin(Budget.FULL), batch(model, second));
            float[][] expected = rows(alone);
            Tensor both = model.tokens(pass.begin(Budget.FULL), batch(model, first, second));
            float[][] together = rows(both);
            int before = MoonshineArchitecture.SOUND.frames(first.length);
            assertThat(Arrays.copyOfRange(together, before, together.length)).isDeepEqualTo(expected);
        }
    }

    private static float[][] rows(Tensor x) {
        float[][] rows = new float[x.rows()][x.columns()];
        for (int t = 0; t < rows.length; t++) {
            for (int c = 0; c < rows[t].length; c++) {
                rows[t][c] = x.host().get(t, c);
            }
        }
        return rows;
    }

    @Test
    void whatIsSavedIsReadAgain() throws IOException {
        Path saved = folder.resolve("saved");
        float[] sound = TestMoonshines.noise(1, 9);
        try (Encoder model = load(small)) {
            model.save(saved, null, ModelWriter.Existing.KEEP);
            try (Encoder again = load(saved)) {
                assertThat(text(again, sound)).isEqualTo(text(model, sound));
                assertThat(again.parameterCount()).isEqualTo(model.parameterCount());
            }
        }
        for (String file : List.of("config.json", "model.safetensors", "llama-tokenizer.js")) {
            assertThat(saved.resolve(file)).hasSameBinaryContentAs(small.resolve(file));
        }
    }

    /** Without the script of the ONNX models. */
    @Test
    void aFolderOfHuggingFaceIsOpenedAndSaved() throws IOException {
        Path huggingFace = Files.createDirectory(folder.resolve("hugging-face"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(small.resolve(file), huggingFace.resolve(file));
        }
        Path tokenizer = TestMoonshines.writeTokenizer(huggingFace);
        float[] sound = TestMoonshines.noise(1, 9);
        Path saved = folder.resolve("saved-again");
        try (Encoder model = load(huggingFace);
                Encoder script = load(small)) {
            assertThat(text(model, sound)).isEqualTo(text(script, sound)).isNotEmpty();
            model.save(saved, null, ModelWriter.Existing.KEEP);
        }
        assertThat(saved.resolve("tokenizer.json")).hasSameBinaryContentAs(tokenizer);
        assertThat(saved.resolve("llama-tokenizer.js")).doesNotExist();
        Files.writeString(
                huggingFace.resolve("config.json"),
                Files.readString(small.resolve("config.json")).replace("1068", "1069"));
        assertThatThrownBy(() -> load(huggingFace))
                .isInstanceOf(BadFileException.class)
                .hasMessageEndingWith("tokenizer.json: makes a vocabulary of 1068 tokens, the model has 1069");
    }

    @Test
    void whatDoesNotFitIsToldInOneLine() throws IOException {
        String config = Files.readString(small.resolve("config.json"));
        Files.writeString(small.resolve("config.json"), config.replace("\"hidden_size\" : 48", "\"hidden_size\" : 60"));
        assertThatThrownBy(() -> load(small))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("tensor encoder.conv1.weight has shape [48, 1, 127]")
                .hasMessageContaining("[60, 1, 127]");
        Files.writeString(
                small.resolve("config.json"), config.replace("\"vocab_size\" : 1068", "\"vocab_size\" : 1069"));
        assertThatThrownBy(() -> load(small))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("llama-tokenizer.js")
                .hasMessageContaining("makes a vocabulary of 1068 tokens, the model has 1069");
        Files.writeString(small.resolve("config.json"), config.replace("silu", "relu"));
        assertThatThrownBy(() -> load(small))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("decoder_hidden_act");
    }

    @Test
    void recordingsOfWrongLengthAreRefused() throws IOException {
        try (Encoder model = load(small)) {
            assertThatThrownBy(
                            () -> model.add(new TokenBatch(), new int[MoonshineArchitecture.SOUND.leastSamples() - 1]))
                    .hasMessage("a recording of 894 samples; the model takes 895 to 480000 at 16 kHz");
            assertThatThrownBy(
                            () -> model.add(new TokenBatch(), new int[MoonshineArchitecture.SOUND.mostSamples() + 1]))
                    .hasMessage("a recording of 480001 samples; the model takes 895 to 480000 at 16 kHz");
            assertThat(MoonshineArchitecture.SOUND.frames(MoonshineArchitecture.SOUND.leastSamples()))
                    .isEqualTo(1);
            assertThat(MoonshineArchitecture.SOUND.frames(MoonshineArchitecture.SOUND.leastSamples() - 1))
                    .isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"encoder.groupnorm.weight", "encoder.conv1.weight"})
    void theNormOfTheFrontEndAndWhatComesBeforeCannotBeTrained(String parameter) throws IOException {
        try (Encoder model = load(small)) {
            TokenBatch batch = batch(model, TestMoonshines.noise(.2, 1));
            model.parameters().train(model.parameters().get(parameter));
            pass.begin(Budget.FULL).train(new Tape());
            assertThatThrownBy(() -> model.tokens(pass, batch))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage("groupNorm: has no gradient, so neither it nor what comes before it can be trained");
        }
    }

    @Test
    void anEncoderOfTextsWritesNoText() throws IOException {
        try (ModelFiles files = TestModels.files("minilm");
                Encoder model = Encoder.load(files, backend)) {
            assertThatThrownBy(model::decoder).hasMessage("minilm: writes no text");
            assertThatThrownBy(files::speech)
                    .hasMessage("minilm: is a text encoder; a speech recogniser is wanted here");
        }
    }
}
