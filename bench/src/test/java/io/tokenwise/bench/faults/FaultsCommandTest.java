package io.tokenwise.bench.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** A few kills of what no other test kills; {@code ./tokenwise bench faults} kills each kind of training a hundred times. */
class FaultsCommandTest {
    private final StringWriter out = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new FaultsCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(out, true))
                .execute(arguments);
    }

    @Test
    void aFineTuningThatIsKilledEndsAsOneThatNobodyDisturbed() {
        assertThat(run("classes", "--kills", "2")).as(out.toString()).isZero();
        assertThat(out.toString().lines().toList().getLast()).matches("classes +2 +\\d+ .* all +\\d+");
    }

    @Test
    void aTrainingThatIsNotThereIsToldByNames() {
        assertThat(run("sounds")).isEqualTo(CommandLine.ExitCode.USAGE);
        assertThat(out.toString()).contains("there is no training sounds; there are texts, tokens, vit,");
    }
}
