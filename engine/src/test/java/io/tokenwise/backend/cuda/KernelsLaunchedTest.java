package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.Precision;
import io.tokenwise.fakecuda.KernelCounts;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** No kernel is left without a test: the cases of operations launch each of them. */
class KernelsLaunchedTest {
    @Test
    void eachIsLaunchedByACase() {
        var launched = new TreeSet<String>();
        run(launched, Precision.F32, 132, OperationsOnDeviceTest.cases());
        run(launched, Precision.BF16, 132, AttentionCases.onTensorCores());
        for (Precision precision : Precision.values()) {
            for (int multiprocessors : BlockSizesOnDeviceTest.MULTIPROCESSORS) {
                run(launched, precision, multiprocessors, ProductCases.all(0));
            }
        }
        System.setProperty(LibraryUse.PROPERTY, "all");
        try {
            run(launched, Precision.BF16, 132, ProductCases.all(0));
        } finally {
            System.clearProperty(LibraryUse.PROPERTY);
        }
        var missing = new TreeSet<>(new KernelSources().kernels());
        missing.removeAll(launched);
        assertThat(missing).as("kernels that no case launches").isEmpty();
    }

    private static void run(Set<String> launched, Precision precision, int multiprocessors, List<Case> cases) {
        try (var device = Side.device(precision, multiprocessors)) {
            for (Case operation : cases) {
                device.begin(1);
                operation.run().accept(device);
                device.tensors().forEach(device::read);
            }
            device.controls().kernels().stream().map(KernelCounts::name).forEach(launched::add);
        }
    }
}
