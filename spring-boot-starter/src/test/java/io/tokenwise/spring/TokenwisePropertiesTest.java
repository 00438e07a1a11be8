package io.tokenwise.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.Budget;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class TokenwisePropertiesTest {
    @Test
    void aBudgetIsAShareOfTimeUnlessItsModeSaysOtherwise() {
        assertThat(bind(Map.of("tokenwise.budget", "0.7")).documents()).isEqualTo(Budget.of(0.7));
        assertThat(mode("flops").documents()).isEqualTo(Budget.flops(0.7));
        assertThat(mode("hard").documents()).isEqualTo(Budget.hard(0.7));
        assertThat(mode("hard").queries()).isEqualTo(Budget.hard(0.5));
    }

    private static TokenwiseProperties mode(String mode) {
        return bind(Map.of("tokenwise.budget", "0.7", "tokenwise.query-budget", "0.5", "tokenwise.budget-mode", mode));
    }

    @Test
    void queriesHaveTheBudgetOfDocumentsUnlessTheyHaveTheirOwn() {
        assertThat(bind(Map.of("tokenwise.budget", "0.7")).queries()).isEqualTo(Budget.of(0.7));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tokenwise.budget | 1.5 | is 1.5, must be from 0 to 1",
                "tokenwise.query-budget | -0.1 | is -0.1, must be from 0 to 1",
                "tokenwise.reranker.budget | 2 | is 2.0, must be from 0 to 1",
                "tokenwise.speech.budget | NaN | is NaN, must be from 0 to 1",
                "tokenwise.timeout | 0s | is PT0S, must be positive"
            })
    void whatIsOutOfRangeIsRefusedByItsName(String property, String value, String message) {
        assertThatThrownBy(() -> bind(Map.of(property, value))).hasRootCauseMessage(property + " " + message);
    }

    private static TokenwiseProperties bind(Map<String, String> values) {
        return new Binder(new MapConfigurationPropertySource(values))
                .bind("tokenwise", TokenwiseProperties.class)
                .get();
    }
}
