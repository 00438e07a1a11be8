package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostMemory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The library's contract, on a small Moonshine with random weights. */
class SpeechRecognizerTest {
    @TempDir
    static Path folder;

    private static Path model;

    /** Two sounds of a second with two seconds of silence between them. */
    private static float[] sound;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("small");
        TestMoonshines.writeSmall(model);
        sound = Arrays.copyOf(TestMoonshines.noise(1.5, 1), 4 * 16_000);
        float[] second = TestMoonshines.noise(1, 2);
        sound = Arrays.copyOf(sound, sound.length + second.length);
        System.arraycopy(second, 0, sound, sound.length - second.length, second.length);
    }

    private static SpeechRecognizer open(int threads, int calls) throws IOException {
        return SpeechRecognizer.open(
                model.toString(), new EngineOptions(threads, 1024, calls, BackendChoice.FLOAT32, false));
    }

    @Test
    void segmentsHaveTheirTimesAndTexts() throws IOException {
        try (SpeechRecognizer recognizer = open(1, 1)) {
            List<TimedText> texts = recognizer.transcribe(sound);
            assertThat(texts).hasSize(2);
            assertThat(texts.getFirst().startSeconds()).isZero();
            assertThat(texts.getFirst().endSeconds()).isBetween(1.5, 1.8);
            assertThat(texts.getLast().startSeconds()).isBetween(3.7, 4.0);
            assertThat(texts.getLast().endSeconds()).isEqualTo(5);
            assertThat(texts).allSatisfy(text -> assertThat(text.tokens()).isPositive());
            assertThat(recognizer.transcribe(new float[16_000])).isEmpty();
            assertThat(recognizer.transcribe()).isEmpty();
            assertThat(recognizer.transcribe(Arrays.copyOfRange(sound, 0, 500)))
                    .containsExactly(new TimedText(0, 500 / 16_000.0, "", 0));
        }
    }

    @Test
    void textsDoNotDependOnThreadsNorOnHowSoundIsRead() throws IOException {
        try (SpeechRecognizer one = open(1, 1);
                SpeechRecognizer two = open(2, 2)) {
            List<TimedText> expected = one.transcribe(sound);
            assertThat(two.transcribe(sound)).isEqualTo(expected);
            List<TimedText> read = new ArrayList<>();
            two.transcribe(inSmallPieces(sound), read::add);
            assertThat(read).isEqualTo(expected);
        }
    }

    @Test
    void samplesAndSoundsTakeABudget() throws IOException {
        Path adaptive = folder.resolve("adaptive");
        writeAdaptive(adaptive);
        try (SpeechRecognizer recognizer = SpeechRecognizer.open(
                adaptive.toString(), new EngineOptions(1, 1024, 1, BackendChoice.FLOAT32, false))) {
            List<TimedText> expected = new ArrayList<>();
            Budget none = Budget.fixed(0);
            recognizer.transcribe(Sound.of(Sound.SPEECH_HZ, sound), none, Deadline.NONE, expected::add);
            assertThat(recognizer.transcribe(sound, none)).isEqualTo(expected);
            assertThat(recognizer.transcribe(Sound.of(Sound.SPEECH_HZ, sound), none))
                    .isEqualTo(expected);
            assertThat(recognizer.transcribe(sound)).isNotEqualTo(expected);
        }
    }

    @Test
    void aRecordingStopsBetweenTwoSegments() throws IOException {
        try (SpeechRecognizer recognizer = open(1, 1)) {
            List<TimedText> expected = recognizer.transcribe(sound);
            List<TimedText> told = new ArrayList<>();
            assertThatThrownBy(() -> recognizer.transcribe(Sound.of(Sound.SPEECH_HZ, sound), text -> {
                        told.add(text);
                        Thread.currentThread().interrupt();
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("interrupted after 1 segment");
            assertThat(Thread.interrupted()).isTrue();
            assertThat(told).containsExactly(expected.getFirst());
            told.clear();
            var deadline = Deadline.in(Duration.ofMillis(500));
            assertThatThrownBy(() ->
                            recognizer.transcribe(Sound.of(Sound.SPEECH_HZ, sound), Budget.FULL, deadline, text -> {
                                told.add(text);
                                while (!deadline.hasPassed()) {
                                    Thread.onSpinWait();
                                }
                            }))
                    .isInstanceOf(DeadlineException.class)
                    // None, if the machine is stalled for so long.
                    .hasMessageStartingWith("the deadline passed after " + told.size() + " ");
            assertThat(told).hasSizeLessThan(2);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void samplesThatAreNoNumbersAreRefusedByTheirOwnNumber(float wrong) throws IOException {
        float[] bad = sound.clone();
        bad[70_000] = wrong;
        String message = "sound: sample 70000 is " + wrong + "; must be a finite number, full scale being -1 to 1";
        try (SpeechRecognizer recognizer = open(1, 1)) {
            assertThatThrownBy(() -> recognizer.transcribe(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            List<TimedText> before = new ArrayList<>();
            assertThatThrownBy(() -> recognizer.transcribe(Sound.of(48_000, bad), before::add))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            assertThatThrownBy(() -> recognizer.transcribe(inSmallPieces(bad), before::add))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            assertThat(before)
                    .as("the segment that ends before it")
                    .containsExactly(recognizer.transcribe(sound).getFirst());
        }
    }

    private static void writeAdaptive(Path directory) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                ModelFiles files = Models.open(model);
                Encoder encoder = Encoder.load(files, backend);
                Workspace workspace = new Workspace(HostMemory::allocate, 1L << 28)) {
            var pass = new Pass(backend.stream(), workspace);
            var recordings = new TokenBatch();
            encoder.add(recordings, TestMoonshines.bits(TestMoonshines.noise(1, 3)));
            var texts = new TokenBatch();
            texts.add(new int[] {MoonshineArchitecture.BEGIN, 260, 270, 280});
            Acmizer.replace(encoder.parameters(), encoder.slots(), AdaptiveLayers.mlps(4), () -> {
                Tensor frames = encoder.tokens(pass.begin(Budget.FULL), recordings);
                encoder.decoder().logits(pass, frames, recordings, texts);
            });
            encoder.save(directory, null, ModelWriter.Existing.KEEP);
        }
    }

    private static Sound inSmallPieces(float... samples) {
        Sound whole = Sound.of(Sound.SPEECH_HZ, samples);
        return new Sound() {
            @Override
            public int rateHz() {
                return whole.rateHz();
            }

            @Override
            public int read(float[] into, int offset, int count) throws IOException {
                return whole.read(into, offset, Math.min(count, 77));
            }
        };
    }

    /** Ten minutes that never end a segment in a pause: 20 segments of 30 s. */
    @Test
    void memoryIsThatOfOneSegmentHoweverLongTheSound() throws IOException {
        float[] block = TestMoonshines.noise(1, 5);
        var endless = new Sound() {
            private long left = 600L * Sound.SPEECH_HZ;

            @Override
            public int rateHz() {
                return Sound.SPEECH_HZ;
            }

            @Override
            public int read(float[] into, int offset, int count) {
                int read = (int) Math.min(left, Math.min(count, block.length));
                System.arraycopy(block, 0, into, offset, read);
                left -= read;
                return read == 0 ? -1 : read;
            }
        };
        try (SpeechRecognizer recognizer = open(2, 1)) {
            List<Long> bytes = new ArrayList<>();
            List<TimedText> texts = new ArrayList<>();
            recognizer.transcribe(endless, text -> {
                texts.add(text);
                bytes.add(recognizer.model().sessions().workspaceBytes());
            });
            assertThat(texts.getLast().endSeconds()).isEqualTo(600);
            assertThat(texts).hasSizeGreaterThanOrEqualTo(20);
            long limit = Sessions.memoryLimit(
                    recognizer.model().encoder(),
                    recognizer.model().files().description().maxTokens());
            assertThat(bytes).allSatisfy(held -> assertThat(held).isLessThanOrEqualTo(limit));
        }
    }

    @Test
    void closeWaitsForTheSegmentThatRuns() throws Exception {
        try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
            SpeechRecognizer recognizer = open(2, 2);
            List<TimedText> expected = recognizer.transcribe(sound);
            var started = new CountDownLatch(4);
            List<Future<?>> callers = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                callers.add(executor.submit(() -> {
                    started.countDown();
                    assertThatThrownBy(() -> {
                                while (true) {
                                    assertThat(recognizer.transcribe(sound)).isEqualTo(expected);
                                }
                            })
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessage("the model is closed");
                }));
            }
            started.await();
            Thread.sleep(100);
            recognizer.close();
            recognizer.close();
            for (Future<?> caller : callers) {
                caller.get(30, TimeUnit.SECONDS);
            }
            assertThat(recognizer.model().sessions().workspaceBytes()).isZero();
        }
    }

    @Test
    void otherModelsAndMissingFilesAreTold() throws IOException {
        assertThatThrownBy(() -> SpeechRecognizer.open("minilm"))
                .isInstanceOf(BadFileException.class)
                .hasMessage("minilm: is a text encoder; a speech recogniser is wanted here");
        assertThatThrownBy(() -> TextEncoder.open(model.toString()))
                .isInstanceOf(BadFileException.class)
                .hasMessage(model + ": is a speech recogniser; a text encoder is wanted here");
        try (SpeechRecognizer recognizer = open(1, 1)) {
            assertThatThrownBy(() -> recognizer.transcribe(folder.resolve("absent.wav")))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("absent.wav: no such file");
        }
        Files.delete(model.resolve("llama-tokenizer.js"));
        assertThatThrownBy(() -> Models.open(model))
                .isInstanceOf(BadFileException.class)
                .hasMessageContaining("tokenizer.json: no such file; it or llama-tokenizer.js must be there");
        TestMoonshines.writeVocabulary(model);
    }
}
