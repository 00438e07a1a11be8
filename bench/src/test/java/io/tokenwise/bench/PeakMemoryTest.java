package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PeakMemoryTest {
    @Test
    void theKernelsLineIsInKibibytes() {
        assertThat(PeakMemory.parse("VmHWM:\t  123456 kB")).isEqualTo(123456L * 1024);
        assertThatThrownBy(() -> PeakMemory.parse("VmHWM: 12 MB")).hasMessageContaining("VmHWM: 12 MB");
    }
}
