package io.tokenwise.nn;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.op.Windows;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ConvolutionTest {
    /** More windows than are made at a time, in one of two sequences: the same bits as of all at once, in less memory. */
    @Test
    void longSequencesAreConvolvedInPieces() {
        int columns = 64;
        int[] offsets = {0, 300_001, 300_010};
        try (Backend backend = VectorBackend.open(2);
                var parameters = new Parameters(backend);
                Workspace workspace = backend.workspace(1L << 29)) {
            Parameter weight = parameters.add("weight", 3 * columns, 8);
            fill(backend, weight.value(), 1);
            weight.changed();
            Parameter bias = parameters.add("bias", 1, 8);
            fill(backend, bias.value(), 2);
            var convolution = new Convolution(new Linear(new Weight(parameters, weight), bias), 3, 2);
            convolution.kernel().weight().prepare(backend.stream());
            int[] windows = convolution.offsets(offsets, 2);
            assertThat(3L * columns * windows[2]).isGreaterThan(Convolution.MOST_WINDOW_VALUES);

            Pass pass = new Pass(backend.stream(), workspace).begin(Budget.FULL);
            Tensor x = pass.tensor(offsets[2], columns);
            fill(backend, x, 3);
            Tensor found = convolution.forward(pass, x, offsets, windows, 2, true);
            assertThat(workspace.bytes()).isLessThan(4L * (x.size() + 2L * Convolution.MOST_WINDOW_VALUES));

            Tensor all = pass.tensor(windows[2], 3 * columns);
            Windows.forward(pass.stream(), x, offsets, 2, 3, 2, windows, all);
            Tensor wanted = pass.tensor(windows[2], 8);
            pass.stream().linear(all, convolution.kernel().weight().packed(), bias.value(), true, null, wanted);
            try (HostTensor a = pass.stream().read(found);
                    HostTensor b = pass.stream().read(wanted)) {
                assertThat(a.segment()
                                .asSlice(0, 4L * found.size())
                                .mismatch(b.segment().asSlice(0, 4L * wanted.size())))
                        .isEqualTo(-1);
            }
        }
    }

    private static void fill(Backend backend, Tensor x, long seed) {
        var random = new SplittableRandom(seed);
        try (HostTensor values = backend.write(x)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextDouble(-1, 1));
            }
        }
    }
}
