package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.StoredModels;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import org.junit.jupiter.api.Test;

class DistillConfigTest {
    private final DistillConfig usual = DistillConfig.forTokens(1_000_000, 1);

    @Test
    void withoutMlpsEachTokenHasALearner() {
        DistillConfig low = usual.withLowestBudget(0.15);
        assertThat(low.withLayers(AdaptiveLayers.parse("mlp,qk,vo", 4)).lowestBudget())
                .isEqualTo(0.15);
        assertThat(low.withLayers(AdaptiveLayers.parse("qk,vo", 4)).lowestBudget())
                .isEqualTo(0.25);
        assertThat(low.withLayers(AdaptiveLayers.parse("qk,vo", 4)).steps()).isEqualTo(usual.steps());
    }

    @Test
    void aModelThatGoesOnLearnsNoBudgetThatItsGatesCannotReach() throws Exception {
        try (ModelFiles files = Models.open(StoredModels.vitWithLearners())) {
            AcmConfig acm = AdaptiveConfig.of(files.description()).acm().orElseThrow();
            double least = acm.calibration().leastSpent();
            assertThat(usual.withLowestBudget(least / 2).goingOn(acm).lowestBudget())
                    .isEqualTo(least);
            assertThat(usual.withLowestBudget(2 * least).goingOn(acm).lowestBudget())
                    .isEqualTo(2 * least);
        }
    }

    @Test
    void ratesAloneAreSoManyTimesAsHigh() {
        DistillConfig higher = usual.withRatesTimes(2);
        assertThat(higher.learnerRate()).isEqualTo(2 * usual.learnerRate());
        assertThat(higher.gateRate()).isEqualTo(2 * usual.gateRate());
        assertThat(higher.withRatesTimes(.5)).isEqualTo(usual);
    }

    @Test
    void moreStepsThanThereAreNumbersForAreRefused() {
        long most = 768L * Integer.MAX_VALUE;
        assertThat(DistillConfig.forTokens(most, 1).steps()).isEqualTo(Integer.MAX_VALUE);
        assertThatThrownBy(() -> DistillConfig.forTokens(most + 768, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokens to train on: " + (most + 768) + ", must be at most " + most);
    }

    @Test
    void aBudgetOfNothingIsRefused() {
        assertThatThrownBy(() -> usual.withLowestBudget(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("lowest budget 0.0 must be above 0 and below 1");
    }
}
