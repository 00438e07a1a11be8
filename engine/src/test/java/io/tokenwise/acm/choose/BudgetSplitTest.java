package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BudgetSplitTest {
    private static final Offset<Double> ROUNDING = within(1e-8);

    private final Backend backend = VectorBackend.open(1);
    private final Parameters parameters = new Parameters(backend);

    /** The MLP is three times as dear; a learner for each token costs .33 of attention, its gate with it, and .2633 of the MLP, on average .28. */
    private final Acm attention = new Acm(parameters, "encoder.layer.0.attention.qk", 4, 3, 8, 100);

    private final Acm mlp = new Acm(parameters, "encoder.layer.0.mlp", 4, 1, 8, 300);
    private final List<Acm> both = List.of(attention, mlp);

    private static BudgetSplit split(List<Double> ofAttention, List<Double> ofMlp) {
        return new BudgetSplit(
                List.of(0.25, 0.75), Map.of("encoder.layer.0.attention.qk", ofAttention, "encoder.layer.0.mlp", ofMlp));
    }

    @AfterEach
    void close() {
        parameters.close();
        backend.close();
    }

    @Test
    void modulesGetWhatTheirGatesSpend() {
        BudgetSplit split = split(List.of(0.6, 0.9), List.of(0.3, 0.7));
        // Told .25, gates spend (.6 + 3 * .3) / 4 of the modules; told .75, (.9 + 3 * .7) / 4.
        assertThat(split.of(attention, both).of(0.375, 0.25)).isCloseTo(0.6, ROUNDING);
        assertThat(split.of(mlp, both).of(0.375, 0.25)).isCloseTo(0.3, ROUNDING);
        assertThat(split.of(attention, both).of(0.75, 0.75)).isCloseTo(0.9, ROUNDING);
        assertThat(split.of(mlp, both).of(0.75, 0.75)).isCloseTo(0.7, ROUNDING);
    }

    /** Also between the budgets that were measured, where gates spend more and more of one module. */
    @Test
    void betweenWhatWasMeasuredModulesGetWhatTheirGatesSpendThere() {
        BudgetSplit split = split(List.of(0.35, 0.9), List.of(0.3, 0.3));
        assertThat(split.of(attention, both).of((0.625 + 3 * 0.3) / 4, 0.5)).isCloseTo(0.625, ROUNDING);
        assertThat(split.of(mlp, both).of((0.625 + 3 * 0.3) / 4, 0.5)).isCloseTo(0.3, ROUNDING);
    }

    /** However little the budget is beyond that: what is spent on other texts differs. */
    @Test
    void aLearnerForEachTokenComesFirst() {
        BudgetSplit split = split(List.of(0.33, 0.33), List.of(0.3, 0.7));
        long least = 100 + attention.gateFlops();
        for (double budget = 0.29; budget < 1; budget += 0.01) {
            // Exactly: one FLOP less, and a token of each text goes without a learner.
            assertThat((long) (split.of(attention, both).of(budget, 0.25) * attention.denseFlops()))
                    .isGreaterThanOrEqualTo(least);
        }
        assertThat((long) (split.of(attention, both).of(0.1, 0.25) * attention.denseFlops()))
                .isLessThan(least);
    }

    /** Where gates leave tokens without a learner, a hard budget is not spent on learners that they do not want. */
    @Test
    void aModuleWhoseGateSpendsLessThanALearnerForEachTokenGetsThat() {
        BudgetSplit split = split(List.of(0.7, 0.7), List.of(0.1, 0.1));
        assertThat(split.of(attention, both).of(0.25, 0.25)).isCloseTo(0.7, ROUNDING);
        assertThat(split.of(mlp, both).of(0.25, 0.25)).isCloseTo(0.1, ROUNDING);
    }

    @Test
    void sharesAreTheBudgetOnAverage() {
        var random = new SplittableRandom(3);
        for (int i = 0; i < 10_000; i++) {
            double tiny = random.nextInt(3) == 0 ? 2e-323 : 1;
            BudgetSplit split = split(
                    List.of(tiny * random.nextDouble(), random.nextDouble()), List.of(tiny * random.nextDouble(), 0.0));
            double budget = random.nextDouble();
            double told = random.nextDouble();
            double mean = (split.of(attention, both).of(budget, told)
                            + 3 * split.of(mlp, both).of(budget, told))
                    / 4;
            assertThat(mean).isLessThanOrEqualTo(budget).isCloseTo(budget, ROUNDING);
        }
    }

    @Test
    void evenlyEachGetsTheBudget() {
        assertThat(BudgetSplit.EVEN.of(attention, both).of(0.5, 0.9)).isEqualTo(0.5);
        assertThat(BudgetSplit.EVEN.of(mlp, both).of(0.1, 0.9)).isEqualTo(0.1);
    }

    @Test
    void aModuleThatIsMissingIsNamed() {
        var other = new BudgetSplit(List.of(0.0, 1.0), Map.of("encoder.layer.0.mlp", List.of(0.0, 1.0)));
        assertThatThrownBy(() -> Acmizer.split(both, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("acm.split.spent has no encoder.layer.0.attention.qk");
    }
}
