package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code transcribe} and {@code eval asr}, on a small Moonshine with random weights. */
class SpeechCommandsTest extends CommandTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path one;
    private static Path two;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("model");
        SmallMoonshine.write(model);
        one = Files.write(folder.resolve("one.wav"), NoiseWav.of(1, 3));
        two = Files.write(folder.resolve("two.wav"), NoiseWav.of(2, 3));
    }

    @Test
    void transcribePrintsASegmentALine() {
        assertThat(run("transcribe", "--model", model.toString(), one.toString()))
                .isZero();
        assertThat(out.toString()).startsWith("    0.00     1.00  ").hasLineCount(1);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void transcribeNamesFilesWhereThereAreSeveral() {
        assertThat(run("transcribe", "--model", model.toString(), one.toString(), two.toString()))
                .isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0)).isEqualTo(one.toString());
        assertThat(lines.get(2)).isEqualTo(two.toString());
        assertThat(lines.get(3)).startsWith("    0.00     2.00  ");
    }

    @Test
    void transcribePrintsJson() {
        assertThat(run("transcribe", "--json", "--model", model.toString(), one.toString(), two.toString()))
                .isZero();
        assertThat(line(1).get("file").stringValue()).isEqualTo(two.toString());
        assertThat(line(1).get("startSeconds").doubleValue()).isZero();
        assertThat(line(1).get("endSeconds").doubleValue()).isEqualTo(2);
        assertThat(line(1).get("text").isString()).isTrue();
    }

    @Test
    void transcribeTellsMistakes() {
        assertThat(run("transcribe", "--model", model.toString(), "absent.wav")).isOne();
        assertThat(err.toString()).isEqualToIgnoringNewLines("tokenwise transcribe: absent.wav: no such file");
        assertThat(run("transcribe")).isEqualTo(2);
        assertThat(run("transcribe", "--model", "minilm", one.toString())).isOne();
        assertThat(err.toString()).contains("minilm: is a text encoder; a speech recogniser is wanted here");
    }

    @Test
    void aModelThatIsNotFetchedSaysHow() {
        assertThat(run("transcribe", "--model", "moonshine-base", one.toString()))
                .isOne();
        assertThat(err.toString())
                .contains("moonshine-base: is not fetched")
                .contains("run ./tokenwise fetch moonshine-base");
    }

    @Test
    void theTimeOfSpeechIsNotMeasured() {
        assertThat(run("info", model.toString(), "--measure")).isEqualTo(2);
        assertThat(err.toString().lines())
                .singleElement()
                .asString()
                .contains("--measure: ")
                .contains("is for speech");
    }

    @Test
    void embedRefusesASpeechRecogniser() {
        assertThat(run("embed", "--model", model.toString())).isOne();
        assertThat(err.toString()).contains(model + ": is a speech recogniser; a text encoder is wanted here");
    }

    @Test
    void evalAsrGivesTheErrorRateWithAndWithoutAHeader() throws IOException {
        Path plain = Files.writeString(folder.resolve("plain.csv"), "one.wav,hello there\ntwo.wav,\"Well, 21\"\n");
        Path headed = Files.writeString(
                folder.resolve("headed.csv"), "audio,transcript\none.wav,hello there\ntwo.wav,\"Well, 21\"\n");
        for (Path table : List.of(plain, headed)) {
            assertThat(run("eval", "asr", table.toString(), "--json", "--model", model.toString()))
                    .isZero();
        }
        assertThat(line(0).get("task").stringValue()).isEqualTo("asr");
        assertThat(line(0).get("data").stringValue()).isEqualTo("2 recordings with 5 words in 3 seconds of speech");
        JsonNode row = line(0).get("rows").get(0);
        assertThat(row.get("mode").stringValue()).isEqualTo("dense");
        assertThat(row.get("metric").stringValue()).isEqualTo("wer");
        assertThat(row.get("value").doubleValue()).isPositive();
        assertThat(row.get("flopsPerToken").doubleValue()).isPositive();
        assertThat(row.get("metrics").get("real-time factor").doubleValue())
                .isCloseTo(row.get("seconds").doubleValue() / 3, within(1e-9));
        assertThat(line(1).get("rows").get(0).get("value")).isEqualTo(row.get("value"));
    }

    @Test
    void evalAsrPrintsATable() throws IOException {
        Path table =
                Files.writeString(folder.resolve("table.jsonl"), "{\"audio\":\"one.wav\",\"transcript\":\"a b\"}\n");
        assertThat(run("eval", "asr", table.toString(), "--model", model.toString()))
                .isZero();
        assertThat(out.toString())
                .startsWith("1 recordings with 2 words in 1 seconds of speech")
                .contains("word error rate")
                .contains("real-time factor")
                .contains("dense");
    }

    @Test
    void evalAsrTellsWhatIsWrongWithTheTable() throws IOException {
        Path table = Files.writeString(folder.resolve("bad.csv"), "one.wav,hello\nthree.wav,hello\n");
        assertThat(run("eval", "asr", table.toString(), "--model", model.toString()))
                .isOne();
        assertThat(err.toString()).contains("bad.csv:2: no such file: " + folder.resolve("three.wav"));
        Files.writeString(table, "one.wav,hello,there\n");
        assertThat(run("eval", "asr", table.toString(), "--model", model.toString()))
                .isOne();
        assertThat(err.toString()).contains("has 3 columns, it must be audio,transcript");
        Files.writeString(table, "one.wav,...\n");
        assertThat(run("eval", "asr", table.toString(), "--model", model.toString()))
                .isOne();
        assertThat(err.toString()).contains("has no transcript with a word; rows of audio,transcript are needed");
    }

    @Test
    void transcribeGoesOnAfterABadFile() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.wav"), "no sound");
        Path unreadable = bad.resolve("in-a-file.wav");
        assertThat(run(
                        "transcribe",
                        "--model",
                        model.toString(),
                        one.toString(),
                        bad.toString(),
                        unreadable.toString(),
                        two.toString()))
                .isOne();
        assertThat(out.toString()).contains("    0.00     1.00  ", "    0.00     2.00  ");
        assertThat(err.toString().lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("tokenwise transcribe: " + bad + ": "),
                        line -> assertThat(line).startsWith("tokenwise transcribe: " + unreadable + ": "));
    }

    @Test
    void aFileThatEndsTooEarlyIsToldOnce() throws IOException {
        Path cut = Files.write(folder.resolve("cut.wav"), NoiseWav.cut(2));
        String told = cut + ": lacks 4000 of the samples that its header says (0.50 s); what is there is used\n";
        assertThat(run("transcribe", "--model", model.toString(), cut.toString()))
                .isZero();
        assertThat(out.toString()).startsWith("    0.00     1.50  ");
        assertThat(err.toString()).isEqualToNormalizingNewlines(told);
        err.getBuffer().setLength(0);
        Path table = Files.writeString(folder.resolve("cut.csv"), "one.wav,hello there\ncut.wav,hello there\n");
        assertThat(run("eval", "asr", table.toString(), "--model", model.toString()))
                .isZero();
        assertThat(err.toString()).containsOnlyOnce(told).doesNotContain("one.wav");
    }

    @Test
    void silenceIsSaidToBeSilent() throws IOException {
        Path silent = Files.write(folder.resolve("silent.wav"), NoiseWav.of(2, 0, 0));
        Path empty = Files.write(folder.resolve("empty.wav"), NoiseWav.of(0, 3));
        for (Path file : List.of(silent, empty)) {
            assertThat(run("transcribe", "--model", model.toString(), file.toString()))
                    .isZero();
            assertThat(err.toString())
                    .contains(file + ": is silent: nothing in it is louder than -60 dB of full scale");
        }
        assertThat(out.toString()).isEmpty();
        Path table = Files.writeString(folder.resolve("silent.csv"), "silent.wav,hello there\n");
        assertThat(run("eval", "asr", table.toString(), "--json", "--model", model.toString()))
                .isOne();
        assertThat(err.toString()).contains(table + ": has recordings of silence only");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void evalAsrLooksAtRecordingsFirst() throws IOException {
        Path bad = Files.writeString(folder.resolve("broken.wav"), "no sound");
        Path table = Files.writeString(folder.resolve("broken.csv"), "one.wav,hello\nbroken.wav,hello\n");
        assertThat(run(
                        "eval",
                        "asr",
                        table.toString(),
                        "--model",
                        folder.resolve("no model").toString()))
                .isOne();
        assertThat(err.toString()).startsWith("tokenwise eval asr: " + bad + ": ");
    }
}
