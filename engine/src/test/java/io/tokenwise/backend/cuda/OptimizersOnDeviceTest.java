package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.api.Precision;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.Muon;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An optimizer's step on the simulated device moves parameters as on the CPU, and waits for the gradients' norm once, however many they are. */
class OptimizersOnDeviceTest {
    /** The last has more than one part of squares. */
    private static final int[][] SHAPES = {{3, 5}, {16, 64}, {64, 16}, {1, 7}, {130, 150}};

    private static final double RATE = 0.01;

    private FakeControls controls;

    /** What an optimizer is made of. */
    private interface Kind {
        Optimizer of(Parameters owner, List<Parameter> parameters, Workspace workspace);
    }

    private record Result(double norm, List<float[]> values, long waits) {}

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    private static Result step(Backend backend, Kind kind, LongSupplier waits) {
        try (Workspace workspace = backend.workspace(1 << 24);
                var owner = new Parameters(backend)) {
            var random = new SplittableRandom(9);
            var parameters = new ArrayList<Parameter>();
            for (int[] shape : SHAPES) {
                parameters.add(owner.add("w" + parameters.size(), shape[0], shape[1]));
            }
            Optimizer optimizer = kind.of(owner, parameters, workspace);
            Stream stream = backend.stream();
            long waited = 0;
            double norm = 0;
            // The first step allocates, which waits.
            for (int i = 0; i < 2; i++) {
                for (Parameter parameter : parameters) {
                    randomize(parameter.write(), random);
                    randomize(stream.write(parameter.gradient()), random);
                }
                long before = waits.getAsLong();
                norm = optimizer.update(stream, RATE);
                waited = waits.getAsLong() - before;
            }
            return new Result(
                    norm,
                    parameters.stream().map(OptimizersOnDeviceTest::values).toList(),
                    waited);
        }
    }

    private static void randomize(HostTensor tensor, SplittableRandom random) {
        try (tensor) {
            for (int i = 0; i < tensor.size(); i++) {
                tensor.set(i, (float) random.nextDouble(-1, 1));
            }
        }
    }

    private static float[] values(Parameter parameter) {
        try (HostTensor read = parameter.read()) {
            var values = new float[read.size()];
            read.copyTo(values);
            return values;
        }
    }

    private void compare(Kind kind, long waits, float bound) {
        Result expected;
        try (Backend cpu = VectorBackend.open(2)) {
            expected = step(cpu, kind, () -> 0);
        }
        Result found;
        try (Backend device = TinyModels.device(Precision.F32)) {
            found = step(device, kind, () -> controls.counts().synchronizations());
        }
        assertThat(controls.leaks()).isEmpty();
        assertThat(found.waits).isEqualTo(waits);
        assertThat(found.norm).isCloseTo(expected.norm, within(1e-9 * expected.norm));
        for (int i = 0; i < SHAPES.length; i++) {
            assertThat(found.values.get(i))
                    .as("parameter %d", i)
                    .usingComparatorWithPrecision(bound)
                    .containsExactly(expected.values.get(i));
        }
    }

    @Test
    void adamW() {
        compare((owner, parameters, _) -> new AdamW(owner, parameters, 1, 0.1), 1, 1e-6f);
    }

    /** Of all gradients together, and of each with its mean. */
    @Test
    void muon() {
        compare((owner, parameters, workspace) -> new Muon(owner, parameters, workspace, 0.1), 2, 1e-5f);
    }
}
