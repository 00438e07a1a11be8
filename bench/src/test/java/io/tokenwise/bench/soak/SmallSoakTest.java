package io.tokenwise.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.bench.PeakMemory;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A soak of all kinds of models, small ones, with a server, openings and bad clients finds nothing. A class of its own, beside which {@link SoakTest} runs. */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class SmallSoakTest {
    private final StringWriter out = new StringWriter();

    @TempDir
    private Path folder;

    @Test
    void smallModelsHold() {
        assumeTrue(PeakMemory.isAvailable(), "there is no /proc");
        String[] arguments = {"--small", "--hours=0.0005", "--engine=vector-f32", "--growth=100000", "--out=" + folder};
        int code = new CommandLine(new SoakCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments);
        assertThat(code).as(out::toString).isZero();
        assertThat(out.toString()).contains("64 callers", "every answer had the same bits: holds");
        assertThat(folder.resolve("soak.jfr")).isNotEmptyFile();
        assertThat(folder.resolve("soak.json")).content().contains("residentMiB", "perHour");
    }
}
