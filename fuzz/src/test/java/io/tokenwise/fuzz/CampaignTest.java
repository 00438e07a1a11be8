package io.tokenwise.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What would be found in the readers today. */
class CampaignTest {
    private static final List<Target> TARGETS = new Targets().get();

    /** The first of 500, which take 18 s of processor time more: {@code ./tokenwise test fuzz -Dtest=CampaignTest -Dtokenwise.long=true}. */
    private static final long INPUTS = Boolean.getBoolean("tokenwise.long") ? 500 : 100;

    @TempDir
    Path folder;

    /** Each target a little, with the same inputs each time; {@code ./tokenwise fuzz --minutes} goes on. */
    @Test
    void noTargetHasAFinding() throws Exception {
        List<Row> rows = FuzzTest.rows(folder, FuzzTest.shares(TARGETS, INPUTS));
        rows.forEach(System.out::println);
        for (Target target : TARGETS) {
            assertThat(FuzzTest.findings(folder, target.name()))
                    .as(target.name())
                    .isEmpty();
        }
        assertThat(rows).hasSameSizeAs(TARGETS).allMatch(row -> row.inputs() == INPUTS);
        // Without probes in the readers nothing would ever be new.
        assertThat(rows).allMatch(row -> row.counts().branches() > 0);
    }
}
