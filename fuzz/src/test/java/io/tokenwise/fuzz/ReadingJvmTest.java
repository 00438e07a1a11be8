package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadingJvmTest {
    /** Work for days, which no input ends. */
    private static final Share ENDLESS = new Share("vocab-ctc", Long.MAX_VALUE, Long.MAX_VALUE, false);

    @TempDir
    Path folder;

    /** As when ours is killed: what it has open is closed then. */
    @Test
    void endsWhenNobodyHoldsItsInput() throws Exception {
        List<String> arguments = List.of(
                Targets.class.getName(),
                Fuzz.corpora().toString(),
                folder.toString(),
                Files.createDirectories(folder.resolve("work")).toString(),
                "7",
                Long.toString(Campaign.ENDLESS_NANOS),
                ENDLESS.toString());
        try (Workplace place = Workplace.of(folder.resolve("work"));
                var jvm = new ReadingJvm(folder, place, arguments);
                BufferedReader lines = jvm.lines()) {
            assertThat(lines.readLine()).startsWith(Worker.BEGIN);
            jvm.process().getOutputStream().close();
            assertThat(jvm.process().waitFor(2, TimeUnit.MINUTES)).isTrue();
        }
    }

    @Test
    void endsWithItsCampaign() {
        var campaign = new Campaign(
                new Targets(), Fuzz.corpora(), folder, 7, Campaign.ENDLESS_NANOS, new PrintWriter(System.err, true));
        List<ProcessHandle> before = ProcessHandle.current().children().toList();
        assertThatThrownBy(() -> campaign.run(List.of(new Share("png", 0, Long.MAX_VALUE, false), ENDLESS), _ -> {
                    throw new IllegalStateException("the caller has seen enough");
                }))
                .hasMessage("the caller has seen enough");
        assertThat(ProcessHandle.current().children().filter(ProcessHandle::isAlive))
                .isSubsetOf(before);
    }
}
