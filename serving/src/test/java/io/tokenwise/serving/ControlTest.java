package io.tokenwise.serving;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ControlTest {
    @Test
    void aTargetIsATime() {
        assertThatThrownBy(() -> Control.auto(Duration.ZERO, 0.5)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Control.auto(Duration.ofSeconds(Long.MAX_VALUE), 0.5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("at most PT1H");
    }
}
