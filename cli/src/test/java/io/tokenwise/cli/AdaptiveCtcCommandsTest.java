package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallMoonshine;
import io.tokenwise.testmodels.SmallWav2Vec2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code distill}, {@code eval asr} and {@code transcribe} with a small wav2vec 2.0 that is made adaptive, by its frames. */
class AdaptiveCtcCommandsTest extends CommandTest {
    @TempDir
    static Path folder;

    private static Path dense;
    private static Path recordings;
    private static Path table;

    @BeforeAll
    static void write() throws IOException {
        dense = folder.resolve("dense");
        SmallWav2Vec2.write(dense, 3);
        recordings = Files.createDirectories(folder.resolve("recordings"));
        for (int seed = 0; seed < 24; seed++) {
            Files.write(recordings.resolve(seed + ".wav"), NoiseWav.of(.5 + .02 * seed, seed));
        }
        Files.write(folder.resolve("noise.wav"), NoiseWav.of(1.5, 3));
        table = Files.writeString(folder.resolve("table.csv"), "noise.wav,hello there\n");
    }

    private Path distilled(String adapt) {
        Path adaptive = folder.resolve("adaptive-" + adapt);
        assertThat(run(
                        "distill",
                        "--model",
                        dense.toString(),
                        "--data",
                        recordings.toString(),
                        "--adapt",
                        adapt,
                        "--learners",
                        "3",
                        "--out",
                        adaptive.toString(),
                        "--tokens",
                        "4000"))
                .as(err.toString())
                .isZero();
        return adaptive;
    }

    @ParameterizedTest
    @ValueSource(strings = {"mlp", "mlp,qk,vo"})
    void aDistilledModelKeepsItsBudgets(String adapt) throws IOException {
        Path adaptive = distilled(adapt);
        assertThat(out.toString()).contains("The adaptive model is in " + adaptive);
        assertThat(Files.readString(adaptive.resolve("report.html"))).doesNotContain(">NaN<");
        out.getBuffer().setLength(0);
        JsonNode rows = evalRows(
                "asr", table.toString(), "--model", adaptive.toString(), "--flops", "0.5,1", "--precision", "f32");
        List<String> modes = new ArrayList<>();
        rows.forEach(row -> modes.add(row.get("mode").stringValue()));
        assertThat(modes).containsExactly("dense", "soft", "hard", "static", "random", "soft");
        // Heads are turned where attention has learners: then scores are the same up to rounding only.
        double apart = adapt.equals("mlp") ? 0 : .1;
        assertThat(rows.get(5).get("metrics").get("cer").doubleValue())
                .isCloseTo(rows.get(0).get("metrics").get("cer").doubleValue(), within(apart));
        assertThat(rows.get(2).get("spent").doubleValue()).isLessThanOrEqualTo(.5);
        assertThat(rows.get(3).get("spent").doubleValue()).isLessThanOrEqualTo(.5);
    }

    @Test
    void aBeamIsForModelsThatWriteByFrames() throws IOException {
        String noise = folder.resolve("noise.wav").toString();
        assertThat(run("transcribe", "--model", dense.toString(), "--precision", "f32", noise))
                .isZero();
        assertThat(run("transcribe", "--model", dense.toString(), "--precision", "f32", "--beam", "8", noise))
                .as(err.toString())
                .isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(2).allMatch(line -> line.matches(" +0.00 +1.50  [a-m ]+"));
        assertThat(lines.get(1)).isNotEqualTo(lines.get(0));
        JsonNode rows = evalRows("asr", table.toString(), "--model", dense.toString(), "--beam", "2");
        assertThat(rows.get(0).get("metrics").get("cer").doubleValue()).isBetween(.1, 50.0);
        err.getBuffer().setLength(0);
        Path moonshine = folder.resolve("moonshine");
        SmallMoonshine.write(moonshine);
        assertThat(run("transcribe", "--model", moonshine.toString(), "--beam", "8", noise))
                .isEqualTo(2);
        assertThat(err.toString()).contains(moonshine + " writes token by token");
        assertThat(err.toString().lines()).hasSize(1);
        err.getBuffer().setLength(0);
        assertThat(run("transcribe", "--model", dense.toString(), "--beam", "1001", noise))
                .isEqualTo(2);
        assertThat(err.toString()).startsWith("tokenwise transcribe: --beam 1001: at most 1000 beginnings can be kept");
        assertThat(run("transcribe", "--model", dense.toString(), "--beam", "0", noise))
                .isEqualTo(2);
    }
}
