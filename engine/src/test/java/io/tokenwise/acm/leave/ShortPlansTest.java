package io.tokenwise.acm.leave;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which plan is the best that a budget allows, by what plans lose. */
class ShortPlansTest {
    private static final int LAYERS = 2;

    /** A token costs 1, and in narrow layers a quarter. */
    private static final ForwardCost COST = new ForwardCost() {
        @Override
        public double dense(int tokens) {
            return tokens;
        }

        @Override
        public double shortened(int tokens, int rows, double narrowShare, boolean gated) {
            return rows * (1 - 0.75 * narrowShare);
        }
    };

    /** Losses where half of the tokens stay, and where all do, of texts of 4 tokens and of 100. */
    private static ShortPlan plan(
            int tokens, double share, List<Double> dense, List<Double> narrowOf4, List<Double> narrowOf100) {
        var losses = new PlanLosses(
                List.of(4, 100),
                List.of(0.5, 1.0),
                List.of(0, LAYERS),
                List.of(List.of(dense, narrowOf4), List.of(dense, narrowOf100)));
        return new ShortPlans(COST, COST, losses, 1, 1, LAYERS, LeastWorth.NONE, 100).plan(tokens, Budget.flops(share));
    }

    @Test
    void theLeastLossDecidesHowManyLayersAreNarrow() {
        List<Double> dense = List.of(0.2, 0.0);
        List<Double> bad = List.of(0.9, 0.8);
        assertThat(plan(100, 0.8, dense, bad, bad)).isEqualTo(new ShortPlan(80, 0));
        List<Double> good = List.of(0.1, 0.01);
        assertThat(plan(100, 0.8, dense, good, good)).isEqualTo(new ShortPlan(100, LAYERS));
    }

    /** Of 4 tokens 3 stay at the least, which half the budget allows in narrow layers only. Losses may be much greater than 1, as those of scores are. */
    @ParameterizedTest
    @ValueSource(doubles = {1, 10, 100})
    void aLengthThatTheBudgetDoesNotReachForCountsAsTheGreatestLoss(double unit) {
        List<Double> dense = List.of(0.3, 0.0);
        List<Double> narrowOf4 = List.of(0.7 * unit, 0.6 * unit);
        List<Double> narrowOf100 = List.of(0.7, 0.5);
        assertThat(plan(4, 0.5, dense, narrowOf4, narrowOf100)).isEqualTo(new ShortPlan(4, LAYERS));
        assertThat(plan(100, 0.5, dense, narrowOf4, narrowOf100)).isEqualTo(new ShortPlan(100, LAYERS));
    }
}
