package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.NoiseWav;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code train ctc}: what it makes is a model, and what it cannot learn from it names. */
class TrainCtcTest extends CommandTest {
    @TempDir
    private Path folder;

    private Path table;

    @BeforeEach
    void write() throws IOException {
        var rows = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            Files.write(folder.resolve(i + ".wav"), NoiseWav.of(.4, i));
            rows.append(i).append(i % 2 == 0 ? ".wav,No 5.\n" : ".wav,go on\n");
        }
        table = Files.writeString(folder.resolve("table.csv"), rows);
    }

    private int train(String heads, String... more) {
        Stream<String> args = Stream.of("train", "ctc", "--data", table.toString(), "--out", folder + "/model");
        Stream<String> sizes = Stream.of("--hidden", "24", "--layers", "1", "--epochs", "1", "--heads", heads);
        return run(Stream.of(args, sizes, Stream.of(more)).flatMap(some -> some).toArray(String[]::new));
    }

    @Test
    void aModelIsMadeThatEvalOpens() throws IOException {
        assertThat(train("3", "--json")).as(err.toString()).isZero();
        Path model = folder.resolve("model");
        assertThat(line(0).get("recordings").intValue()).isEqualTo(24);
        assertThat(line(0).get("leftOut").intValue()).isZero();
        assertThat(line(0).get("heldOutRight").doubleValue()).isBetween(0.0, 1.0);
        assertThat(Files.readString(model.resolve("vocab.json")))
                .contains("\"<pad>\" : 0", "\"|\" : 2", "\"e\" : 3", "\"v\"")
                .doesNotContain("\"5\"", "\"N\"");
        assertThat(evalRows("asr", table.toString(), "--model", model.toString())
                        .get(0)
                        .get("metrics")
                        .get("cer")
                        .doubleValue())
                .isPositive();
    }

    /** What is too short is found when all letters are known, before anything is trained. */
    @Test
    void aRecordingThatIsTooShortIsLeftOutAndTold() throws IOException {
        Files.write(folder.resolve("short.wav"), NoiseWav.of(.2, 7));
        Files.writeString(
                table, "short.wav,this is far more than it can say in so few frames\n", StandardOpenOption.APPEND);
        assertThat(train("3", "--json")).as(err.toString()).isZero();
        assertThat(err.toString())
                .contains("left out: 1 of 25 recordings, such as " + folder.resolve("short.wav") + ": has ");
        assertThat(line(0).get("recordings").intValue()).isEqualTo(25);
        assertThat(line(0).get("leftOut").intValue()).isOne();
    }

    /** Before recordings are read: of those of this table there is none. */
    @Test
    void aFolderWithOtherFilesIsRefusedFirst() throws IOException {
        Files.writeString(table, "none.wav,no\n");
        Path out = Files.createDirectory(folder.resolve("model"));
        Files.writeString(out.resolve("diary.txt"), "mine");
        assertThat(train("3")).isEqualTo(1);
        assertThat(err.toString())
                .contains(out.toString())
                .doesNotContain("none.wav")
                .hasLineCount(1);
    }

    @Test
    void whatIsWrongIsToldInOneLine() throws IOException {
        assertThat(train("5")).isEqualTo(2);
        assertThat(err.toString()).contains("they are 24, 1 and 5");
        assertThat(run(
                        "train",
                        "ctc",
                        "--data",
                        table + "",
                        "--hidden",
                        "800",
                        "--heads",
                        "2",
                        "--out",
                        folder + "/model"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("2 heads of 800 hidden values have 400 columns, must be at most 384");
        assertThat(train("3", "--model", "minilm")).isEqualTo(2);
        assertThat(err.toString()).contains("--model is for models that are there; train ctc makes a new one");
        Files.write(folder.resolve("silent.wav"), NoiseWav.of(.5, 1, 0));
        Files.writeString(table, "silent.wav,no\n", StandardOpenOption.APPEND);
        err.getBuffer().setLength(0);
        assertThat(train("3")).isEqualTo(1);
        assertThat(err.toString())
                .isEqualTo("tokenwise train ctc: " + folder.resolve("silent.wav")
                        + ": is silent: nothing can be learnt from it\n");
    }
}
