package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Products by wgmma on the simulated device, of one multiprocessor so that those in bytes are large enough too. */
class WgmmaOnDeviceTest {
    @TempDir
    Path folder;

    private static Side device(Precision precision, boolean wgmma) {
        return Side.device(precision, 1, wgmma ? ProductChoice.OWN_BY_WGMMA : ProductChoice.OWN);
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void areNearTheCpu(Precision precision) {
        try (var cpu = Side.cpu();
                var device = device(precision, true)) {
            for (Case operation : ProductCases.all(BlockSizesOnDeviceTest.bound(precision))) {
                OperationsOnDeviceTest.compare(cpu, device, operation);
            }
            // Nothing that is not narrowed goes another way.
            assertThat(device.controls().kernels())
                    .noneMatch(kernel -> kernel.name().matches("linear(Bf16|Narrow|S8)(Large|Middle|Small)"));
        }
    }

    /** Sums are whole numbers. */
    @Test
    void inBytesTheBitsAreThoseOfMma() {
        List<List<float[]>> expected;
        try (var device = device(Precision.S8, false)) {
            expected = ProductCases.all(0).stream()
                    .map(operation -> OperationsOnDeviceTest.results(device, operation))
                    .toList();
        }
        try (var device = device(Precision.S8, true)) {
            check(device, expected);
        }
    }

    /** Chance reads both sides early or late, so that a stage which is overwritten too early, or read too early, shows. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void theOrderOfThreadsChangesNothing(Precision precision) {
        try (var device = device(precision, true)) {
            List<List<float[]>> expected = ProductCases.all(0).stream()
                    .map(operation -> OperationsOnDeviceTest.results(device, operation))
                    .toList();
            for (int seed : new int[] {1, 130}) {
                device.controls().seed(seed);
                check(device, expected);
            }
        }
    }

    private static void check(Side device, List<List<float[]>> expected) {
        List<Case> cases = ProductCases.all(0);
        for (int i = 0; i < cases.size(); i++) {
            List<float[]> results = OperationsOnDeviceTest.results(device, cases.get(i));
            for (int tensor = 0; tensor < results.size(); tensor++) {
                assertThat(results.get(tensor))
                        .as("%s, tensor %d", cases.get(i), tensor)
                        .isEqualTo(expected.get(i).get(tensor));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BF16", "S8"})
    void aRowAloneHasTheSameBits(Precision precision) {
        List<AloneOnDeviceTest.Operation> operations = AloneOnDeviceTest.operations().stream()
                .filter(operation -> operation.name().matches("linear|mlp.*"))
                .toList();
        assertThat(operations).hasSize(2);
        try (var device = device(precision, true)) {
            operations.forEach(operation -> AloneOnDeviceTest.check(device, operation));
        }
    }

    /** Whole, within mma's bounds of components of vectors of length 1; at half the budget a text has the same bits alone. */
    @ParameterizedTest
    @CsvSource({"BF16, 2e-2", "S8, 6e-2"})
    void aModelIsNearTheCpu(Precision precision, double bound) throws IOException, CudaUnavailableException {
        var controls = FakeDevice.start();
        controls.multiprocessors(1);
        var models = TinyModels.write(folder);
        try (var cpu = VectorBackend.open(1);
                Encoder expected = models.load(TinyModels.ADAPTIVE, cpu);
                var device = CudaBackend.open(precision, ProductChoice.OWN_BY_WGMMA);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, device);
                var sessions = new Sessions(encoder, device, 256, 1)) {
            assertThat(Distance.between(
                            TinyModels.encode(encoder, Budget.FULL), TinyModels.encode(expected, Budget.FULL)))
                    .isLessThan(bound);
            float[][] together = TinyModels.encode(encoder);
            for (int i = 0; i < together.length; i++) {
                assertThat(sessions.encode(List.of(TinyModels.TEXTS.get(i)), TinyModels.HALF, null)[0])
                        .isEqualTo(together[i]);
            }
            assertThat(device.kernels()).endsWith(", products by wgmma");
            assertThat(controls.kernels())
                    .anyMatch(kernel -> kernel.name().endsWith("Wgmma") && kernel.multiplyAdds() > 0);
        }
        assertThat(controls.leaks()).isEmpty();
    }
}
