package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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

    @Test
    void whatIsNullIsNamed() {
        EmbedRequest request = EmbedRequest.of("one");
        assertNamed("budget", () -> request.withBudget(null));
        assertNamed("inputType", () -> request.as(null));
        assertNamed("name", () -> request.withPrompt(null));
        assertNamed("longTexts", () -> request.withLongTexts(null));
        assertNamed("deadline", () -> request.withDeadline(null));
    }

    private static void assertNamed(String name, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(NullPointerException.class).hasMessage(name);
    }
}
