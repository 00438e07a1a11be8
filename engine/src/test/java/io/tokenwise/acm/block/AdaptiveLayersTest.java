package io.tokenwise.acm.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdaptiveLayersTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65})
    void whatNoConfigCouldNameIsRefusedBeforeItIsTrained(int learners) {
        assertThatThrownBy(() -> AdaptiveLayers.parse("mlp,qk,vo", learners))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        learners + " learners: there must be 2 to 64, the last of which stands for the dense block");
        assertThat(AdaptiveLayers.parse("mlp", 64).learners()).isEqualTo(64);
    }

    @Test
    void tokensThatLeaveStandAlone() {
        assertThat(AdaptiveLayers.parse("tokens", 4)).isEqualTo(AdaptiveLayers.LEAVING);
        assertThatThrownBy(() -> new AdaptiveLayers(true, true, List.of(), 1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("tokens stands alone");
    }
}
