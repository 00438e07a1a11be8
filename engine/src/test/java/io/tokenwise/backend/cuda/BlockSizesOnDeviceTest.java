package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Precision;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Products and routings on the simulated device: near the CPU's float32, and of the same bits whatever a block computes of them and in whatever order threads
 * run.
 */
class BlockSizesOnDeviceTest {
    /** Of one, two and many multiprocessors blocks are large, of middle size and small. */
    static final int[] MULTIPROCESSORS = {1, 2, 132};

    /**
     * Of results of size 1. In float32 the order of sums; bfloat16 has 8 bits, so both factors of a product are off by up to 2^-9 of theirs; bytes by up to half of
     * a 255th of a row's range, which is about 6, and half of a 127th of a weight's. An MLP has two products.
     */
    static double bound(Precision precision) {
        return switch (precision) {
            case F32 -> 4e-6;
            case BF16 -> 3e-2;
            case S8, S7 -> 1e-1;
        };
    }

    @ParameterizedTest
    @EnumSource(names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void areNearTheCpu(Precision precision) {
        try (var cpu = Side.cpu()) {
            for (int multiprocessors : MULTIPROCESSORS) {
                try (var device = Side.device(precision, multiprocessors)) {
                    for (Case operation : ProductCases.all(bound(precision))) {
                        OperationsOnDeviceTest.compare(cpu, device, operation);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = "S7", mode = EnumSource.Mode.EXCLUDE)
    void haveTheSameBitsInBlocksOfAnySizeAndOrder(Precision precision) {
        List<List<float[]>> first = new ArrayList<>();
        for (int multiprocessors : MULTIPROCESSORS) {
            try (var device = Side.device(precision, multiprocessors)) {
                device.controls().seed(multiprocessors == 1 ? 0 : 128 + multiprocessors);
                List<Case> cases = ProductCases.all(0);
                for (int i = 0; i < cases.size(); i++) {
                    List<float[]> results = OperationsOnDeviceTest.results(device, cases.get(i));
                    if (multiprocessors == 1) {
                        first.add(results);
                        continue;
                    }
                    for (int tensor = 0; tensor < results.size(); tensor++) {
                        assertThat(results.get(tensor))
                                .as("%s, tensor %d, %d multiprocessors", cases.get(i), tensor, multiprocessors)
                                .isEqualTo(first.get(i).get(tensor));
                    }
                }
            }
        }
    }
}
