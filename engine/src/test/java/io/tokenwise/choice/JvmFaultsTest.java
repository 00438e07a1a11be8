package io.tokenwise.choice;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JvmFaultsTest {
    private static final List<String> G1 = List.of("G1 Young Generation", "G1 Concurrent GC", "G1 Old Generation");

    @ParameterizedTest
    @ValueSource(strings = {"25+36-LTS", "25.0.1+8-LTS", "25.0.2+10"})
    void warnsOfG1InTheFirstReleasesOfJdk25(String version) {
        assertThat(JvmFaults.of(Runtime.Version.parse(version), () -> G1))
                .hasValueSatisfying(line -> assertThat(line)
                        .startsWith("JDK " + version + " with G1")
                        .contains("25.0.3 or newer")
                        .doesNotContain("\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"24.0.2+12", "25.0.3+9-LTS", "25.1", "26+35"})
    void saysNothingOfOthersAndDoesNotAskForTheirCollectors(String version) {
        assertThat(JvmFaults.of(Runtime.Version.parse(version), () -> {
                    throw new AssertionError("asked");
                }))
                .isEmpty();
    }

    @Test
    void saysNothingOfOtherCollectors() {
        assertThat(JvmFaults.of(Runtime.Version.parse("25.0.1"), () -> List.of("Copy", "MarkSweepCompact")))
                .isEmpty();
    }
}
