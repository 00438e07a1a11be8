package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small wav2vec 2.0 that learns to write which of two tones it hears, one after the other. */
class CtcTrainingRunTest {
    private static final int HZ = 16_000;

    private static final String SHORT =
            "short.wav: has 2 frames, its 4 letters need 6 (one each, and one between two that are the same)";

    private static final String EMPTY =
            "empty.wav: has 0 frames, its 1 letters need 1 (one each, and one between two that are the same)";

    @TempDir
    private Path folder;

    private final Backend backend = VectorBackend.open(2);

    @AfterEach
    void close() {
        backend.close();
    }

    /** One to three tones of 80 ms, with gaps between, in noise. */
    private static List<LabelledRecording> tones(int count) {
        var random = new SplittableRandom(7);
        var recordings = new ArrayList<LabelledRecording>();
        for (int i = 0; i < count; i++) {
            var text = new StringBuilder();
            int tones = 1 + i % 3;
            var samples = new float[tones * HZ / 8 + HZ / 20];
            for (int tone = 0; tone < tones; tone++) {
                boolean high = random.nextBoolean();
                text.append(high ? 'b' : 'a');
                int from = HZ / 40 + tone * HZ / 8;
                for (int at = from; at < from + HZ * 8 / 100; at++) {
                    samples[at] = (float) (.3 * Math.sin(2 * Math.PI * at * (high ? 1_500 : 400) / HZ));
                }
            }
            for (int at = 0; at < samples.length; at++) {
                samples[at] += (float) (.01 * random.nextGaussian());
            }
            recordings.add(new LabelledRecording("tone " + i, samples, text.toString()));
        }
        return recordings;
    }

    private CtcTrainingRun run(String out, int epochs) {
        return run(out, epochs, tones(60));
    }

    private CtcTrainingRun run(String out, int epochs, List<LabelledRecording> recordings) {
        var config = new CtcTrainingConfig(24, 1, 2, epochs, 8, 5e-3, 0.01, .1, 3);
        return new CtcTrainingRun(recordings, config, folder.resolve(out), 3, StoredType.F32);
    }

    @Test
    void itLearnsWhatIsSaid() throws Exception {
        CtcTrainingRun run = run("model", 40);
        assertThat(run.run(backend, new TrainingListener() {})).isGreaterThan(.8);
        assertThat(run.checkpoint()).doesNotExist();
        LabelledRecording three = tones(60).get(2);
        try (var recognizer = SpeechRecognizer.open(run.out().toString(), EngineOptions.defaults())) {
            assertThat(recognizer.transcribe(three.samples()))
                    .singleElement()
                    .satisfies(text -> assertThat(text.text()).isEqualTo(three.text()));
        }
    }

    @Test
    void aRunThatWasStoppedEndsAsAnUnbrokenOne() throws Exception {
        run("whole", 2).run(backend, new TrainingListener() {});
        CtcTrainingRun parts = run("parts", 2);
        assertThatThrownBy(() -> parts.run(backend, new TrainingListener() {
                    @Override
                    public void step(int done, int steps, double loss) {
                        if (done == 5) {
                            Thread.currentThread().interrupt();
                        }
                    }
                }))
                .isInstanceOf(InterruptedException.class);
        assertThat(parts.checkpoint()).exists();
        var resumed = new ArrayList<Integer>();
        parts.run(backend, new TrainingListener() {
            @Override
            public void resumed(int nextStep, int steps) {
                resumed.add(nextStep);
            }
        });
        assertThat(resumed).containsExactly(5);
        for (String file : List.of("model.safetensors", "vocab.json", "config.json", "preprocessor_config.json")) {
            assertThat(Files.mismatch(
                            folder.resolve("whole").resolve(file),
                            folder.resolve("parts").resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    /** Half a minute of samples times a rate is more than an int holds. */
    @Test
    void atAnotherSpeedARecordingIsAsLongAsThatMakesIt() {
        assertThat(CtcTraining.resampled(new float[480_000], 17_600)).hasSize(436_364);
        float[] slower = CtcTraining.resampled(tones(1).getFirst().samples(), 14_400);
        assertThat(slower).hasSize(Math.ceilDiv(tones(1).getFirst().samples().length * 10, 9));
    }

    /** One of a thousand recordings that was cut too short ends no training. */
    @Test
    void whatIsTooShortForItsTextIsLeftOut() throws Exception {
        List<LabelledRecording> recordings = new ArrayList<>(tones(30));
        recordings.add(new LabelledRecording("short.wav", new float[1_200], "aabb"));
        recordings.add(new LabelledRecording("empty.wav", new float[1], "b"));
        var told = new ArrayList<String>();
        run("with", 1, recordings).run(backend, new TrainingListener() {
            @Override
            public void leftOut(int count, int all, String example) {
                told.add(count + " of " + all + ": " + example);
            }
        });
        assertThat(told).singleElement().asString().startsWith("2 of 32: ").containsAnyOf(SHORT, EMPTY);
        assertThat(folder.resolve("with").resolve("model.safetensors")).exists();
    }

    @Test
    void whatCannotBeLearntIsRefusedByName() {
        List<LabelledRecording> recordings = new ArrayList<>(tones(20));
        recordings.set(4, new LabelledRecording("short.wav", new float[1_200], "aabb"));
        assertRefused(
                recordings,
                "of 20 recordings 19 can say their texts; at least 20 are needed, and thousands are better");
        recordings.set(4, new LabelledRecording("long.wav", new float[480_001], "a"));
        assertRefused(recordings, "long.wav: has 480001 samples at 16 kHz; at most 480000 can be learnt from at once");
        assertThatThrownBy(() -> new CtcTrainingRun(
                        tones(19), run("none", 1).config(), folder.resolve("none"), 3, StoredType.F32))
                .hasMessage("there are 19 recordings; at least 20 are needed, and thousands are better");
    }

    @Test
    void whatIsHeldOutIsNotTrainedOnHoweverOftenItComes() {
        List<LabelledRecording> once = tones(40);
        List<LabelledRecording> repeated = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            tones(40).forEach(repeated::add);
        }
        CtcTrainingRun.Parts parts = CtcTrainingRun.split(repeated);
        assertThat(parts.heldOut())
                .map(LabelledRecording::name)
                .containsExactly("tone 0", "tone 1", "tone 2", "tone 3");
        assertThat(parts.trained())
                .hasSize(3 * 36)
                .map(LabelledRecording::name)
                .containsOnly(once.subList(4, 40).stream()
                        .map(LabelledRecording::name)
                        .toArray(String[]::new));
        assertThatThrownBy(() -> CtcTrainingRun.split(repeated.stream()
                        .filter(recording -> recording.name().length() == 6)
                        .toList()))
                .hasMessage(
                        "there are 10 different ones among 30 recordings; at least 20 are needed, and thousands are better");
    }

    /** Before the recordings are looked at. */
    @Test
    void aFolderWithOtherFilesIsRefusedFirst() throws IOException {
        Path out = Files.createDirectory(folder.resolve("bad"));
        Files.writeString(out.resolve("diary.txt"), "mine");
        List<LabelledRecording> recordings = new ArrayList<>(tones(20));
        recordings.set(4, new LabelledRecording("long.wav", new float[480_001], "a"));
        assertThatThrownBy(() -> run("bad", 1, recordings).run(backend, new TrainingListener() {}))
                .hasMessageContaining("bad")
                .hasMessageNotContaining("long.wav");
    }

    private void assertRefused(List<LabelledRecording> recordings, String message) {
        assertThatThrownBy(() -> run("bad", 1, recordings).run(backend, new TrainingListener() {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
