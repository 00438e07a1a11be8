package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code distill}, {@code eval asr}, {@code transcribe} and {@code info} with a small Moonshine that is made adaptive. */
class AdaptiveSpeechCommandsTest {
    @TempDir
    static Path folder;

    private static Path dense;
    private static Path adaptive;
    private static Path noise;
    private static Path cut;
    private static Path recordings;
    private static String distilled;
    private static String toldOnTheWay;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void distill() throws IOException {
        dense = folder.resolve("dense");
        SmallMoonshine.write(dense);
        recordings = Files.createDirectories(folder.resolve("recordings/more"));
        for (int seed = 0; seed < 24; seed++) {
            Files.write(recordings.resolve(seed + ".WAV"), NoiseWav.of(.9 + .02 * seed, seed));
        }
        cut = Files.write(recordings.resolve("cut.wav"), NoiseWav.cut(1.75));
        noise = Files.write(folder.resolve("noise.wav"), NoiseWav.of(1.5, 3));
        adaptive = folder.resolve("adaptive");
        var stdout = new StringWriter();
        var stderr = new StringWriter();
        int code = run(
                stdout,
                stderr,
                "distill",
                "--model",
                dense.toString(),
                "--data",
                recordings.toString(),
                noise.toString(),
                "--out",
                adaptive.toString(),
                "--tokens",
                "4000");
        assertThat(code).as(stderr.toString()).isZero();
        distilled = stdout.toString();
        toldOnTheWay = stderr.toString();
    }

    private static int run(StringWriter out, StringWriter err, String... args) {
        return Tokenwise.commandLine(
                        InputStream.nullInputStream(),
                        false,
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        args)
                .execute(args);
    }

    private int run(String... args) {
        return run(out, err, args);
    }

    private static Path table() throws IOException {
        return Files.writeString(folder.resolve("table.csv"), "noise.wav,hello there\n");
    }

    @Test
    void distillMakesAModelAndAPage() throws IOException {
        assertThat(distilled)
                .contains("ms at the encoder on one recording")
                .contains("MFLOPs/token")
                .contains("static")
                .contains("random")
                .contains("The adaptive model is in " + adaptive);
        String page = Files.readString(adaptive.resolve("report.html"));
        assertThat(page)
                .contains("<td>layer 1 MLP</td>")
                .contains("<td>decoder layer 1 MLP</td>")
                .contains("The words of each recording, its spectrogram")
                .contains("src=\"data:image/png;base64,")
                .doesNotContain(">NaN<");
    }

    @Test
    void distillTellsOfAFileThatEndsTooEarly() {
        assertThat(toldOnTheWay)
                .containsOnlyOnce(
                        cut + ": lacks 4000 of the samples that its header says (0.50 s); what is there is used\n");
    }

    @Test
    void evalAsrHasARowForEachBudgetAndItsControls() throws IOException {
        assertThat(run(
                        "eval",
                        "asr",
                        table().toString(),
                        "--model",
                        adaptive.toString(),
                        "--flops",
                        "0.5,1",
                        "--seeds",
                        "2",
                        "--json"))
                .isZero();
        JsonNode rows = new JsonMapper().readTree(out.toString()).get("rows");
        List<String> modes = new ArrayList<>();
        rows.forEach(row -> modes.add(row.get("mode").stringValue()));
        assertThat(modes).containsExactly("dense", "soft", "hard", "static", "random", "soft");
        assertThat(rows.get(5).get("value")).isEqualTo(rows.get(0).get("value"));
        assertThat(rows.get(5).get("spent").doubleValue()).isEqualTo(1);
        assertThat(rows.get(2).get("spent").doubleValue()).isLessThanOrEqualTo(.5);
        assertThat(rows.get(3).get("spent").doubleValue()).isLessThanOrEqualTo(.5);
        assertThat(rows.get(4).get("seeds").intValue()).isEqualTo(2);
        // So small a model's gates cost as much as they save; a static one has none.
        assertThat(rows.get(3).get("flopsPerToken").doubleValue())
                .isLessThan(rows.get(0).get("flopsPerToken").doubleValue());
        assertThat(rows.get(5).get("flopsPerToken").doubleValue())
                .isCloseTo(rows.get(0).get("flopsPerToken").doubleValue(), within(1.0));
        assertThat(rows.get(1).get("teacherCosine").isNull()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"width", "layers", "modules"})
    void controlsAreTrainedAndShown(String kind) throws IOException {
        Path control = folder.resolve("control-" + kind);
        var args = new ArrayList<>(List.of("distill", "--model", dense.toString(), "--data", recordings.toString()));
        args.addAll(List.of("--out", control.toString(), "--tokens", "4000", "--control", kind));
        if (kind.equals("modules")) {
            args.addAll(List.of("--like", adaptive.toString()));
        }
        assertThat(run(args.toArray(String[]::new))).as(err.toString()).isZero();
        assertThat(out.toString()).contains("The control is in " + control).contains("eval asr FILE.csv");
        out.getBuffer().setLength(0);
        assertThat(run("eval", "asr", table().toString(), "--model", control.toString(), "--json"))
                .as(err.toString())
                .isZero();
        JsonNode rows = new JsonMapper().readTree(out.toString()).get("rows");
        assertThat(rows.get(1).get("mode").stringValue()).isEqualTo("retrained");
        assertThat(rows.get(1).get("spent").doubleValue()).isBetween(.2, .9);
        assertThat(rows.get(1).get("flopsPerToken").doubleValue())
                .isLessThan(rows.get(0).get("flopsPerToken").doubleValue());
    }

    @Test
    void transcribeTakesABudget() throws IOException {
        assertThat(run("transcribe", "--model", adaptive.toString(), noise.toString()))
                .isZero();
        String full = out.toString();
        out.getBuffer().setLength(0);
        assertThat(run("transcribe", "--model", dense.toString(), noise.toString()))
                .isZero();
        assertThat(out.toString()).isEqualTo(full);
        for (String mode : List.of("soft", "hard", "static")) {
            out.getBuffer().setLength(0);
            assertThat(run(
                            "transcribe",
                            "--model",
                            adaptive.toString(),
                            "--flops",
                            "0.4",
                            "--mode",
                            mode,
                            noise.toString()))
                    .isZero();
            assertThat(out.toString()).startsWith("    0.00     1.50  ").hasLineCount(1);
        }
        assertThat(run("transcribe", "--model", dense.toString(), "--flops", "0.5", noise.toString()))
                .isZero();
        assertThat(err.toString()).contains(dense + " is a dense model: a budget changes nothing");
    }

    /** Under the spectrogram, and a gap, are bars: at full budget all are as high as can be, at none of them are. */
    @Test
    void theBarsOfAPictureShowWhatIsSpent() throws IOException {
        BufferedImage full = picture("1");
        BufferedImage none = picture("0");
        assertThat(full.getWidth()).isEqualTo(320);
        int bottom = full.getHeight() - 1;
        int inside = 100;
        assertThat(full.getRGB(inside, bottom)).isEqualTo(full.getRGB(inside, bottom - 47));
        assertThat(none.getRGB(inside, bottom - 47)).isNotEqualTo(full.getRGB(inside, bottom - 47));
        assertThat(full.getRGB(inside, bottom - 49)).isEqualTo(0xffffffff);
    }

    private BufferedImage picture(String budget) throws IOException {
        Path file = folder.resolve("picture" + budget + ".png");
        assertThat(run(
                        "transcribe",
                        "--model",
                        adaptive.toString(),
                        "--flops",
                        budget,
                        "--mode",
                        "static",
                        "--picture",
                        file.toString(),
                        noise.toString()))
                .as(err.toString())
                .isZero();
        return ImageIO.read(file.toFile());
    }

    @Test
    void aPictureIsOfOneRecordingAndAnAdaptiveModel() {
        assertThat(run("transcribe", "--model", dense.toString(), "--picture", "x.png", noise.toString()))
                .isOne();
        assertThat(err.toString()).contains("--picture shows learners, which " + dense + " has not");
        assertThat(run(
                        "transcribe",
                        "--model",
                        adaptive.toString(),
                        "--picture",
                        "x.png",
                        noise.toString(),
                        noise.toString()))
                .isOne();
        assertThat(err.toString()).contains("--picture is of one recording; 2 are given");
        assertThat(run("transcribe", "--model", adaptive.toString(), "--picture", "x.png", folder.toString()))
                .isOne();
        assertThat(err.toString()).contains("--picture reads the recording a second time, which " + folder);
    }

    @Test
    void wordsAreKeptThatAreWrittenStill() {
        var dense = new WrittenWords(List.of("one two three four", "Five six."));
        assertThat(new WrittenWords(List.of("One, two, three, four", "five six")).kept(dense))
                .isEqualTo(1);
        assertThat(new WrittenWords(List.of("one two tree four", "five six seven")).kept(dense))
                .isCloseTo(4 / 6.0, within(1e-12));
        assertThat(new WrittenWords(List.of("", "")).kept(dense)).isZero();
    }

    @Test
    void infoTellsTheLearners() {
        assertThat(run("info", adaptive.toString())).isZero();
        assertThat(out.toString())
                .contains("4 a module; a token's MLP has up to 3, or all")
                .contains("longest recording 1248 tokens")
                .contains("MFLOPs per token of a recording of 128 tokens, without its text")
                .contains("flops 0.5");
    }

    @Test
    void distillTellsMistakes() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Path x = folder.resolve("x");
        String[] start = {"distill", "--model", dense.toString(), "--out", x.toString(), "--data"};
        assertThat(run(with(start, empty.toString()))).isOne();
        assertThat(err.toString()).contains(empty + ": has no .wav files");
        assertThat(run(with(start, "absent.wav"))).isOne();
        assertThat(err.toString()).contains("no such file or directory: absent.wav");
        assertThat(run(with(start, noise.toString()))).isOne();
        assertThat(err.toString())
                .contains("there are 1 recordings to train on; at least 20 different ones are needed");
        assertThat(run(with(start, noise.toString(), "--control", "modules"))).isOne();
        assertThat(run(with(start, recordings.toString(), "--control", "modules")))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "--control modules needs --like, an adaptive model with learners (distill --adapt mlp) that was made of "
                                + dense);
        assertThat(run(with(start, recordings.toString(), "--control", "modules", "--like", "minilm-acm")))
                .isOne();
        assertThat(err.toString()).contains("minilm-acm: reads texts, where --like must read recordings");
        assertThat(x).doesNotExist();
    }

    private static String[] with(String[] start, String... more) {
        var all = new ArrayList<>(List.of(start));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }
}
