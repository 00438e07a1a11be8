package io.tokenwise.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {
    @ParameterizedTest
    @ValueSource(
            doubles = {
                -Double.MIN_VALUE,
                -1,
                1.0000000000000002,
                50,
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY
            })
    void sharesOutsideZeroToOneAreRefused(double share) {
        assertThatThrownBy(() -> Budget.flops(share))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("budget " + share + " is outside 0..1");
        assertThatThrownBy(() -> Budget.hard(share)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Budget.fixed(share)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Budget.shuffled(share, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Property
    void sharesFromZeroToOneAreTaken(@ForAll @DoubleRange(min = 0, max = 1) double share) {
        assertThat(Budget.flops(share).share()).isEqualTo(share);
    }

    @Test
    void everythingIsTheFullBudget() {
        assertThat(Budget.flops(1)).isEqualTo(Budget.FULL);
        assertThat(Budget.hard(1)).isEqualTo(Budget.FULL);
    }
}
