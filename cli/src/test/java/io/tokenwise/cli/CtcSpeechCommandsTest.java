package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.NoiseWav;
import io.tokenwise.testmodels.SmallWav2Vec2;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code transcribe}, {@code eval asr} and {@code info} on a small wav2vec 2.0 with random weights. */
class CtcSpeechCommandsTest extends CommandTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path noise;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("model");
        SmallWav2Vec2.write(model);
        noise = Files.write(folder.resolve("noise.wav"), NoiseWav.of(2, 3));
    }

    @Test
    void transcribePrintsLettersOfEachSegment() {
        assertThat(run("transcribe", "--json", "--model", model.toString(), noise.toString()))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("endSeconds").doubleValue()).isEqualTo(2);
        assertThat(line(0).get("text").stringValue()).matches("[a-m ]{5,100}");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void evalAsrCountsWhatItCosts() throws IOException {
        Path table = Files.writeString(folder.resolve("table.csv"), "noise.wav,hello there\n");
        JsonNode rows = evalRows("asr", table.toString(), "--model", model.toString());
        assertThat(rows).hasSize(1);
        assertThat(rows.get(0).get("metric").stringValue()).isEqualTo("wer");
        // Rows of four convolutions in a frame, projection, positions, layers and head; attention's products come to
        // it.
        double convolutions = 64 * 10 * 16 + (16 + 4 + 1) * 8 * 16 * 16;
        double layers = 2 * (4 * 48 * 48 + 2 * 48 * 48);
        double rest = 16 * 48 + 16 * 12 * 48 + 48 * 16;
        double attention = 2.0 * 98 * 48 * 2;
        assertThat(rows.get(0).get("flopsPerToken").doubleValue()).isEqualTo(convolutions + layers + rest + attention);
    }

    /** Published ones say much of their training, and of heads and adapters that they have not. */
    @Test
    void checkKnowsWhatChangesNoNumber() throws IOException {
        Path published = folder.resolve("published");
        SmallWav2Vec2.write(published);
        Path config = published.resolve("config.json");
        String more = "{\"mask_time_prob\": 0.05, \"layerdrop\": 0.1, \"tdnn_dim\": [512], \"adapter_stride\": 2,"
                + " \"ctc_loss_reduction\": \"sum\", \"adapter_attn_dim\": null, \"final_dropout\": 0.0,";
        Files.writeString(config, Files.readString(config).replaceFirst("\\{", more));
        assertThat(run("check", published.toString())).as(out.toString() + err).isZero();
        assertThat(out.toString()).contains("not understood    none");
    }

    @Test
    void infoSaysWhatItIs() {
        assertThat(run("info", model.toString())).as(err.toString()).isZero();
        assertThat(out.toString()).contains("2 of width 48").contains("1498 tokens");
    }
}
