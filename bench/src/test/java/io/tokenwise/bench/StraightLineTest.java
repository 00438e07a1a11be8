package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class StraightLineTest {
    @Test
    void goesThroughPointsOfALine() {
        StraightLine line = StraightLine.through(new double[] {0, 1, 4}, new double[] {3, 5, 11});
        assertThat(line.start()).isCloseTo(3, within(1e-12));
        assertThat(line.slope()).isCloseTo(2, within(1e-12));
        assertThat(line.fit()).isCloseTo(1, within(1e-12));
        assertThat(line.at(2)).isCloseTo(7, within(1e-12));
    }

    /** By hand: of (0, 0), (1, 3), (2, 0) the line is flat at 1 and explains nothing; with (2, 3) it is .5 + 1.5 x and explains .75. */
    @Test
    void saysHowMuchOfOthersItExplains() {
        assertThat(StraightLine.through(new double[] {0, 1, 2}, new double[] {0, 3, 0})
                        .fit())
                .isCloseTo(0, within(1e-12));
        StraightLine line = StraightLine.through(new double[] {0, 1, 2}, new double[] {0, 3, 3});
        assertThat(line.start()).isCloseTo(.5, within(1e-12));
        assertThat(line.slope()).isCloseTo(1.5, within(1e-12));
        assertThat(line.fit()).isCloseTo(.75, within(1e-12));
    }
}
