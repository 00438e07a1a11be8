package io.tokenwise.api;

import static org.assertj.core.api.Assertions.assertThat;

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
}
