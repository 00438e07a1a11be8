package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.op.OpCase;
import io.tokenwise.op.OpCases;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** No kernel is left without a test: the cases of operations launch each of them. */
class KernelsLaunchedTest {
    @Test
    void eachIsLaunchedByACase() throws CudaUnavailableException {
        var launched = new TreeSet<String>();
        run(launched, Side.device(Precision.F32), OperationsOnDeviceTest.cases());
        launched.addAll(launched(
                Precision.F32, OpCases.tiny().stream().filter(OpCase::onDevice).toList()));
        launched.addAll(launched(Precision.BF16, OpCases.attentionOnTensorCores()));
        for (Precision precision : CudaBackend.PRECISIONS) {
            for (int multiprocessors : BlockSizesOnDeviceTest.MULTIPROCESSORS) {
                run(launched, Side.device(precision, multiprocessors), ProductCases.all(0));
            }
            run(launched, Side.device(precision, 1, ProductChoice.OWN_BY_WGMMA), ProductCases.all(0));
        }
        run(launched, Side.device(Precision.BF16, 132, ProductChoice.ALL_BY_LIBRARY), ProductCases.all(0));
        var missing = new TreeSet<>(new KernelSources().kernels());
        missing.removeAll(launched);
        assertThat(missing).as("kernels that no case launches").isEmpty();
    }

    /** With their gradients. */
    private static Set<String> launched(Precision precision, List<OpCase> cases) throws CudaUnavailableException {
        FakeControls controls = FakeDevice.start();
        try (Backend device = CudaBackend.open(precision)) {
            cases.forEach(op -> op.onEngine(device));
            return controls.kernels().stream().map(KernelCounts::name).collect(Collectors.toSet());
        }
    }

    private static void run(Set<String> launched, Side opened, List<Case> cases) {
        try (var device = opened) {
            for (Case operation : cases) {
                device.begin(1);
                operation.run().accept(device);
                device.tensors().forEach(device::read);
            }
            device.controls().kernels().stream().map(KernelCounts::name).forEach(launched::add);
        }
    }
}
