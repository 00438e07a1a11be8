package io.tokenwise.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class NoisyNeighbourTest {
    @Test
    void aNeighbourThatStaysIsThere() throws ExecutionException, InterruptedException {
        Future<Void> there = NoisyNeighbour.during(List.of("sleep", "600"), 0, 0.05);
        assertThat(there.get()).isNull();
    }

    @Test
    void aNeighbourThatDoesNotComeOrLeavesIsToldOf() {
        assertThatThrownBy(NoisyNeighbour.during(List.of("there-is-no-such-program"), 0, 1)::get)
                .hasMessageContaining("there-is-no-such-program");
        assertThatThrownBy(NoisyNeighbour.during(List.of("false"), 0, 60)::get)
                .hasMessageContaining("false ended with 1");
    }
}
