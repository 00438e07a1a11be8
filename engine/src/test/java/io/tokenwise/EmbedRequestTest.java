package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbedRequestTest {
    /** It may be computed later, on another thread. */
    @Test
    void itsListsAreItsOwn() {
        var texts = new ArrayList<>(List.of("one", "two"));
        var budgets = new ArrayList<>(List.of(Budget.FULL, Budget.of(0.5)));
        EmbedRequest request = EmbedRequest.of(texts).withBudgets(budgets);
        texts.clear();
        budgets.clear();
        assertThat(request.texts()).containsExactly("one", "two");
        assertThat(request.budgets()).containsExactly(Budget.FULL, Budget.of(0.5));
    }

    @Test
    void eachTextHasABudget() {
        assertThatThrownBy(() -> EmbedRequest.of(List.of("one", "two")).withBudgets(List.of(Budget.FULL)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("embed: 2 texts and 1 budgets; give one for each");
    }
}
