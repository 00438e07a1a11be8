package io.tokenwise.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineOptionsTest {
    /** What the child JVM runs: it fails if there are none. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) {
            EngineOptions.defaults();
        }
    }

    @Test
    void thereAreDefaultsForMoreProcessorsThanCallsAreAllowed() throws Exception {
        Process process = ChildJvm.of(List.of("-XX:ActiveProcessorCount=1500", "-XX:+UseSerialGC"), Main.class)
                .inheritIO()
                .start();
        assertThat(process.waitFor()).isZero();
    }

    /** Of 100,000 each would look at the places of all others, for hours. */
    @Test
    void moreThreadsThanAPoolCanHaveAreRefused() {
        assertThat(EngineOptions.defaults().withThreads(1024).threads()).isEqualTo(1024);
        for (int threads : new int[] {-1, 0, 1025, 100_000}) {
            assertThatThrownBy(() -> EngineOptions.defaults().withThreads(threads))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("threads must be 1 to 1024, not " + threads);
        }
    }

    @Test
    void moreThanMemoryCanHoldIsRefused() {
        assertThatThrownBy(() -> EngineOptions.defaults().withConcurrentCalls(5_000))
                .hasMessageContaining("concurrent calls must be 1 to 4096");
        for (int tokens : new int[] {0, (1 << 17) + 1}) {
            assertThatThrownBy(() -> EngineOptions.defaults().withBatchTokens(tokens))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("batch tokens must be 1 to 131072, not " + tokens);
        }
    }
}
