package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Few rows whose products several threads share by columns, some more than there are parts of a matrix: the bits are those of one thread. */
class SharedBlocksTest extends SlicedProducts {
    private static final int HIDDEN = 192;
    private static final int UNITS = 704;

    /** One of them as wide as what is left of a part. */
    private static final int[] LEARNERS = {320, 320, 64};

    /** Also more than a block of floats holds. */
    private static final int[] ROWS = {1, 9, 61, 100};

    static Stream<Arguments> threadsOfPrecisions() {
        return Stream.of(Precision.values())
                .flatMap(precision -> Stream.of(2, 3, 11).map(threads -> Arguments.of(precision, threads)));
    }

    @ParameterizedTest
    @MethodSource("threadsOfPrecisions")
    void threadsChangeNoBit(Precision precision, int threads) {
        List<float[]> alone = results(precision, 1);
        List<float[]> shared = results(precision, threads);
        assertThat(shared).hasSameSizeAs(alone);
        for (int i = 0; i < alone.size(); i++) {
            assertThat(shared.get(i)).as("result %d", i).isEqualTo(alone.get(i));
        }
    }

    /** Of the same random numbers each time. */
    private List<float[]> results(Precision precision, int threads) {
        random.setSeed(5);
        var results = new ArrayList<float[]>();
        try (Backend backend = TestModels.oneDnn(precision, threads);
                Arena arena = Arena.ofShared();
                Workspace workspace = backend.workspace(1 << 24)) {
            var stream = backend.stream();
            Tensor weight = random(backend, arena, HIDDEN, UNITS);
            Tensor turned = random(backend, arena, UNITS, HIDDEN);
            Tensor bias = random(backend, arena, 1, UNITS);
            Tensor rest = random(backend, arena, 1, UNITS);
            Tensor none = random(backend, arena, 1, HIDDEN);
            PackedMatrix packed = packed(backend, arena, weight, false);
            PackedMatrix packedTurned = packed(backend, arena, turned, true);
            OutputSlices outputs = outputSlices(backend, arena, weight, bias, LEARNERS);
            OutputSlices allOutputs = outputSlices(backend, arena, weight, bias, UNITS);
            InputSlices inputs = inputSlices(backend, arena, turned, LEARNERS);
            InputSlices allInputs = inputSlices(backend, arena, turned, UNITS);
            List<MlpSlices> mlps = List.of(
                    new MlpSlices(outputs, inputs),
                    new MlpSlices(allOutputs, allInputs),
                    gated(backend, arena, turned, Activation.SILU, LEARNERS),
                    gated(backend, arena, turned, Activation.GELU_TANH, UNITS));
            for (int rows : ROWS) {
                Tensor x = random(backend, arena, rows, HIDDEN);
                Tensor wide = random(backend, arena, rows, UNITS);
                Tensor residual = random(backend, arena, rows, HIDDEN);
                Tensor y = backend.allocate(arena, rows, UNITS);
                stream.linear(x, packed, bias, true, null, y);
                results.add(values(y));
                stream.linear(x, packedTurned, null, false, wide, y);
                results.add(values(y));
                for (int[] counts : uses(rows, LEARNERS.length)) {
                    Routing routing = routed(stream, LEARNERS.length, counts);
                    stream.linearSlices(x, routing, allOutputs, outputs, rest, y);
                    results.add(values(y));
                    Tensor narrow = backend.allocate(arena, rows, HIDDEN);
                    stream.sumSlices(wide, routing, allInputs, inputs, none, residual, narrow);
                    results.add(values(narrow));
                    for (int i = 0; i < mlps.size(); i += 2) {
                        stream.mlp(x, routing, mlps.get(i + 1), mlps.get(i), none, residual, workspace, narrow);
                        results.add(values(narrow));
                    }
                }
            }
        }
        return results;
    }

    private static PackedMatrix packed(Backend backend, Arena arena, Tensor weight, boolean transposed) {
        PackedMatrix packed = transposed
                ? backend.allocatePacked(arena, weight.columns(), weight.rows())
                : backend.allocatePacked(arena, weight.rows(), weight.columns());
        backend.stream().pack(weight, transposed, packed);
        return packed;
    }

    private MlpSlices gated(Backend backend, Arena arena, Tensor downs, Activation activation, int... units) {
        int[] twice = Arrays.stream(units).map(n -> 2 * n).toArray();
        return new MlpSlices(
                randomOutputs(backend, arena, HIDDEN, twice),
                inputSlices(backend, arena, downs, units),
                activation,
                true);
    }
}
