package io.tokenwise.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class JobTest {
    private static final TextCost COST = new TextCost(500, 200);

    @Test
    void aTaskHasThePartOfAllTexts() {
        // 7 tasks of 1/7 of 650,000 texts.
        Stage stage = new Job(650_000, 100_000, 100, 1544, false).stages(COST).getFirst();
        double texts = 650_000 / 7.0;
        assertThat(stage.tasks()).isEqualTo(7);
        assertThat(stage.seconds()).isCloseTo(texts * 500e-6, within(1e-9));
        assertThat(stage.deviation()).isCloseTo(Math.sqrt(texts) * 200e-6, within(1e-9));
        assertThat(stage.read()).isCloseTo(texts * 100e-6, within(1e-9));
        assertThat(stage.written()).isCloseTo(texts * 1544e-6, within(1e-9));
    }

    @Test
    void aShuffledJobReadsFirstAndComputesThen() {
        List<Stage> stages = new Job(1_000_000, 10_000, 100, 56, true).stages(COST);
        assertThat(stages).hasSize(2);
        assertThat(stages.getFirst().shuffled())
                .isEqualTo(stages.getLast().fetched())
                .isEqualTo(1);
        assertThat(stages.getFirst().seconds()).isZero();
        assertThat(stages.getLast().blocks()).isEqualTo(100);
        assertThat(stages.getLast().read()).isZero();
    }

    @Test
    void moreTasksThanADriverHoldsAreRefused() {
        assertThatThrownBy(() -> new Job(100_000_000_000L, 1000, 1, 1, false))
                .hasMessage(
                        "100000000000 texts in partitions of 1000 are 100000000 tasks, must be at most 20000000; make"
                                + " partitions larger");
    }

    @Test
    void vectorsHaveTheirBytes() {
        assertThat(VectorForm.F32.bytes(384)).isEqualTo(1536);
        assertThat(VectorForm.S8.bytes(384)).isEqualTo(384);
        assertThat(VectorForm.BIT.bytes(384)).isEqualTo(48);
    }
}
