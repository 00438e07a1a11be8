package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention in bfloat16 on the simulated device is near that in float32 on the CPU. */
class TensorCoreAttentionTest {
    private static Side cpu;
    private static Side device;

    @BeforeAll
    static void open() {
        device = Side.device(Precision.BF16);
        cpu = Side.cpu();
    }

    @AfterAll
    static void close() {
        if (device != null) {
            device.close();
            cpu.close();
        }
    }

    static List<Case> cases() {
        return AttentionCases.onTensorCores();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isNearTheCpu(Case operation) {
        OperationsOnDeviceTest.compare(cpu, device, operation);
    }
}
