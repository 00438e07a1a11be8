package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import org.junit.jupiter.api.Test;

class BudgetRangeTest {
    @Test
    void aBudgetRangeHasTwoEndsThatBelongTogether() {
        assertThatThrownBy(() -> BudgetRange.floating(Budget.FULL, Budget.of(0.5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("least budget 1.0 is above the largest, 0.5");
        assertThatThrownBy(() -> BudgetRange.floating(Budget.of(0.3), Budget.flops(0.5)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have the same unit and routing, are TIME LEARNED and FLOPS LEARNED");
        assertThat(BudgetRange.floating(Budget.flops(0.3), Budget.FULL).at(0.5)).isEqualTo(Budget.flops(0.5));
    }
}
