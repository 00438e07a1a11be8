package io.tokenwise.choice;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.FakeDevice;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** On a simulated device: no GPU is involved. */
class CheckedDeviceTest {
    /** With a fifth of what is allowed: roundings are far from what a fault does. */
    @ParameterizedTest
    @CsvSource({"F32, 1e-5", "BF16, 0.02", "S8, 0.03"})
    void theLayerIsThatOfTheCpu(Precision precision, double bound) throws CudaUnavailableException {
        FakeDevice.start();
        try (Backend device = CudaBackend.open(precision)) {
            assertThat(CheckedDevice.difference(device)).isLessThan(bound);
        }
    }

    @Test
    void theCpuEqualsItself() {
        try (Backend cpu = VectorBackend.open(2)) {
            assertThat(CheckedDevice.difference(cpu)).isZero();
        }
    }

    @Test
    void nobodyGetsASimulatedDeviceUnasked() {
        FakeControls controls = FakeDevice.start();
        assertThat(CheckedDevice.open(Precision.F32)).isEmpty();
        assertThat(controls.counts().bytesLive()).as("given back").isZero();
    }
}
