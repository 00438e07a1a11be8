package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SoakTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... args) {
        return Bench.commandLine(new PrintWriter(out, true), new PrintWriter(err, true))
                .execute(args);
    }

    @Test
    void growthCountsFromATenthOfTheTimeToTheHighestFigure() {
        List<Long> resident = LongStream.of(
                        0, 0, 100, 130, 90, 80, 150, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 95)
                .boxed()
                .toList();
        assertThat(Soak.growthAfterATenth(resident)).isEqualTo(50);
        assertThat(Soak.growthAfterATenth(List.of(100L, 90L, 80L))).isZero();
    }

    /** Too short to say anything about memory. */
    @Test
    void dressRehearsal() {
        assumeTrue(PeakMemory.isAvailable(), "there is no /proc");
        assertThat(run("soak", "--minutes=0.02", "--warm-up=5", "--engine=vector-f32", "--growth=100000"))
                .as(err::toString)
                .isZero();
        assertThat(out.toString().lines().toList())
                .first()
                .asString()
                .startsWith("2 encoders (minilm and ")
                .contains("vector-f32");
        assertThat(out.toString()).contains("100000.0 allowed: holds");
    }

    @Test
    void wrongUsageIsOneLine() {
        assertThat(run("soak", "--minutes=0")).isEqualTo(2);
        assertThat(err.toString().lines()).singleElement().asString().contains("--minutes must be over 0");
    }
}
