package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.server.observe.Failure;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ObservationTest {
    @ParameterizedTest
    @CsvSource({
        "400,              , VALIDATION",
        "404, model_not_found, VALIDATION",
        "413,              , VALIDATION",
        "400, empty        , VALIDATION",
        "422, tokenization , TOKENIZATION",
        "422, batch_size   , BATCH_SIZE",
        "424, model_type   , MODEL_TYPE",
        "429, rate_limit_exceeded, OVERLOADED",
        "503,              , OVERLOADED",
        "504,              , OVERLOADED",
        "503, dropped      , DROPPED",
        "500,              , INFERENCE"
    })
    void failuresHaveTheirReason(int status, String code, Failure reason) {
        assertThat(Observation.failure(ApiError.of(status, "").withCode(code))).isEqualTo(reason);
    }
}
