package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cpu.VectorMatrix;
import io.tokenwise.backend.onednn.OneDnnBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products cut into slices, of which each row uses some, against plain loops and against the whole product. */
class SlicesTest extends SlicedProducts {
    @ParameterizedTest
    @MethodSource("cases")
    void slicesOfOutputs(Engine engine, int rows, int[] columns) {
        int inputs = 192;
        int outputs = Arrays.stream(columns).sum();
        try (Backend backend = engine.open().get();
                Arena arena = Arena.ofShared()) {
            var stream = backend.stream();
            Tensor weight = random(backend, arena, inputs, outputs);
            Tensor bias = random(backend, arena, 1, outputs);
            Tensor denseWeight = random(backend, arena, inputs, outputs);
            Tensor denseBias = random(backend, arena, 1, outputs);
            Tensor rest = random(backend, arena, 1, outputs);
            Tensor x = random(backend, arena, rows, inputs);
            OutputSlices partly = outputSlices(backend, arena, weight, bias, columns);
            OutputSlices whole = outputSlices(backend, arena, denseWeight, denseBias, outputs);
            boolean small = Arrays.stream(columns).min().orElseThrow() < OneDnnBackend.LEAST_SIDE;
            Tensor ofPartly = product(backend, arena, x, weight, bias, small);
            Tensor ofWhole = product(backend, arena, x, denseWeight, denseBias, false);
            for (int[] counts : uses(rows, columns.length)) {
                Tensor y = backend.allocate(arena, rows, outputs);
                stream.linearSlices(x, routed(stream, columns.length, counts), whole, partly, rest, y);
                for (int row = 0; row < rows; row++) {
                    boolean isWhole = counts[row] > columns.length;
                    int columnsUsed = Arrays.stream(columns).limit(counts[row]).sum();
                    Tensor product = isWhole ? ofWhole : ofPartly;
                    float[] expected = values(rest);
                    System.arraycopy(values(row(product, row)), 0, expected, 0, columnsUsed);
                    assertThat(values(row(y, row)))
                            .as("row %d of %d, %d slices", row, rows, counts[row])
                            .isEqualTo(expected);
                    Tensor own = isWhole ? denseWeight : weight;
                    checkNear(engine, x, row, inputs, own, isWhole ? denseBias : bias, 0, columnsUsed, y);
                }
            }
        }
    }

    /** {@code x weight + bias} without slices; small for a weight that slices which are too small for a library belong to. */
    private static Tensor product(Backend backend, Arena arena, Tensor x, Tensor weight, Tensor bias, boolean small) {
        int[] one = {weight.columns()};
        PackedMatrix packed = small
                ? slices(backend, arena, weight, one, true).getFirst()
                : backend.allocatePacked(arena, weight.rows(), weight.columns());
        assertThat(small && !(packed instanceof VectorMatrix)).isFalse();
        var stream = backend.stream();
        stream.pack(weight, false, packed);
        Tensor y = backend.allocate(arena, x.rows(), weight.columns());
        stream.linear(x, packed, bias, false, null, y);
        return y;
    }

    /** Random roundings of both factors, and in float32 those of sums that grow like a random walk; with as much to spare. */
    private static void checkNear(
            Engine engine, Tensor x, int row, int inputs, Tensor weight, Tensor bias, int from, int to, Tensor y) {
        for (int column = from; column < to; column += 7) {
            double sum = bias.host().get(0, column);
            for (int i = 0; i < inputs; i++) {
                sum += (double) x.host().get(row, i) * weight.host().get(i, column);
            }
            double tolerance = engine.roundoff() * 16 * Math.sqrt(inputs) + 0x1p-24 * 4 * inputs;
            assertThat(Math.abs(y.host().get(row, column) - sum))
                    .as("%s, row %d, column %d", engine, row, column)
                    .isLessThanOrEqualTo(tolerance);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void slicesOfInputs(Engine engine, int rows, int[] columns) {
        // A block's sums are then more than what oneDNN's scratch has room for.
        int outputs = 384;
        int inputs = Arrays.stream(columns).sum();
        try (Backend backend = engine.open().get();
                Arena arena = Arena.ofShared()) {
            var stream = backend.stream();
            Tensor weight = random(backend, arena, inputs, outputs);
            Tensor denseWeight = random(backend, arena, inputs, outputs);
            Tensor x = random(backend, arena, rows, inputs);
            Tensor residual = random(backend, arena, rows, outputs);
            Tensor none = random(backend, arena, 1, outputs);
            InputSlices partly = inputSlices(backend, arena, weight, columns);
            InputSlices whole = inputSlices(backend, arena, denseWeight, inputs);
            for (int[] counts : uses(rows, columns.length)) {
                Routing routing = routed(stream, columns.length, counts);
                Tensor y = backend.allocate(arena, rows, outputs);
                stream.fill(y, UNTOUCHED);
                stream.sumSlices(x, routing, whole, partly, none, residual, y);
                for (int row = 0; row < rows; row++) {
                    int count = counts[row];
                    boolean isWhole = count > columns.length;
                    InputSlices own = isWhole ? whole : partly;
                    Tensor biases = backend.allocate(arena, 1, outputs);
                    for (int column = 0; column < outputs; column++) {
                        float bias = residual.host().get(row, column);
                        if (count == 0) {
                            assertThat(y.host().get(row, column))
                                    .isEqualTo(bias + none.host().get(0, column));
                        }
                        for (int n = 0; n < Math.min(count, own.count()); n++) {
                            bias += own.biases().get(n).host().get(0, column);
                        }
                        biases.host().set(0, column, bias);
                    }
                    if (count > 0) {
                        int columnsUsed = Arrays.stream(columns).limit(count).sum();
                        checkNear(engine, x, row, columnsUsed, isWhole ? denseWeight : weight, biases, 0, outputs, y);
                    }
                }
                Tensor inPlace = backend.allocate(arena, rows, outputs);
                stream.copy(residual, inPlace);
                stream.sumSlices(x, routing, whole, partly, none, inPlace, inPlace);
                assertThat(values(inPlace)).isEqualTo(values(y));
                checkWithoutResidual(stream, x, routing, whole, partly, none, counts, y);
            }
        }
    }

    /** Rows without learners are then what they are without them. */
    private static void checkWithoutResidual(
            io.tokenwise.backend.Stream stream,
            Tensor x,
            Routing routing,
            InputSlices whole,
            InputSlices partly,
            Tensor none,
            int[] counts,
            Tensor y) {
        stream.fill(y, UNTOUCHED);
        stream.sumSlices(x, routing, whole, partly, none, null, y);
        for (int row = 0; row < counts.length; row++) {
            if (counts[row] == 0) {
                assertThat(values(row(y, row))).isEqualTo(values(none));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aRowHasTheSameBitsAlone(Engine engine, int rows, int[] columns) {
        int total = Arrays.stream(columns).sum();
        try (Backend backend = engine.open().get();
                Arena arena = Arena.ofShared()) {
            var stream = backend.stream();
            Tensor x = random(backend, arena, rows, 64);
            Tensor wide = random(backend, arena, rows, total);
            Tensor rest = random(backend, arena, 1, total);
            Tensor none = random(backend, arena, 1, 64);
            OutputSlices outputs = randomOutputs(backend, arena, 64, columns);
            OutputSlices allOutputs = randomOutputs(backend, arena, 64, total);
            InputSlices inputs = inputSlices(backend, arena, random(backend, arena, total, 64), columns);
            InputSlices allInputs = inputSlices(backend, arena, random(backend, arena, total, 64), total);
            int[] counts = uses(rows, columns.length).getFirst();
            Routing routing = routed(stream, columns.length, counts);
            Tensor y = backend.allocate(arena, rows, total);
            Tensor sums = backend.allocate(arena, rows, 64);
            stream.linearSlices(x, routing, allOutputs, outputs, rest, y);
            stream.sumSlices(wide, routing, allInputs, inputs, none, null, sums);
            Tensor ownY = backend.allocate(arena, 1, total);
            Tensor ownSums = backend.allocate(arena, 1, 64);
            for (int row = 0; row < rows; row++) {
                Routing own = routed(stream, columns.length, counts[row]);
                stream.linearSlices(row(x, row), own, allOutputs, outputs, rest, ownY);
                stream.sumSlices(row(wide, row), own, allInputs, inputs, none, null, ownSums);
                assertThat(values(ownY)).as("row %d", row).isEqualTo(values(row(y, row)));
                assertThat(values(ownSums)).as("row %d", row).isEqualTo(values(row(sums, row)));
            }
        }
    }

    /** As attention calls them, in matrices that have room for more columns. */
    @ParameterizedTest
    @MethodSource("cases")
    void someRowsOfWiderMatrices(Engine engine, int rows, int[] columns) {
        int total = Arrays.stream(columns).sum();
        int wider = total + 32;
        try (Backend backend = engine.open().get();
                Arena arena = Arena.ofShared()) {
            var stream = backend.stream();
            Tensor x = random(backend, arena, rows, 64);
            Tensor rest = random(backend, arena, 1, wider);
            Tensor none = random(backend, arena, 1, 64);
            OutputSlices outputs = randomOutputs(backend, arena, 64, columns);
            OutputSlices allOutputs = randomOutputs(backend, arena, 64, total);
            InputSlices inputs = inputSlices(backend, arena, random(backend, arena, total, 64), columns);
            InputSlices allInputs = inputSlices(backend, arena, random(backend, arena, total, 64), total);
            int[] counts = uses(rows, columns.length).getFirst();
            Routing routing = routed(stream, columns.length, counts);
            Tensor y = backend.allocate(arena, rows, wider);
            Tensor sums = backend.allocate(arena, rows, 64);
            stream.fill(y, UNTOUCHED);
            stream.fill(sums, UNTOUCHED);
            stream.linearSlices(x, routing, allOutputs, outputs, rest, y);
            stream.sumSlices(y, routing, allInputs, inputs, none, null, sums);
            Tensor ownY = backend.allocate(arena, 1, total);
            Tensor ownSums = backend.allocate(arena, 1, 64);
            for (int row = 0; row < rows; row++) {
                Routing own = routed(stream, columns.length, counts[row]);
                stream.linearSlices(row(x, row), own, allOutputs, outputs, rest.part(0, total), ownY);
                stream.sumSlices(ownY, own, allInputs, inputs, none, null, ownSums);
                float[] expected = values(rest);
                System.arraycopy(values(ownY), 0, expected, 0, total);
                assertThat(values(row(y, row))).as("row %d", row).isEqualTo(expected);
                assertThat(values(row(sums, row))).as("row %d", row).isEqualTo(values(ownSums));
            }
        }
    }

    @Test
    void mistakesAreNamed() {
        try (Backend backend = VectorBackend.open(1);
                Arena arena = Arena.ofShared()) {
            var stream = backend.stream();
            int[] columns = {3, 4};
            Tensor x = random(backend, arena, 2, 5);
            Tensor y = random(backend, arena, 2, 7);
            Tensor rest = random(backend, arena, 1, 7);
            OutputSlices outputs = outputSlices(backend, arena, random(backend, arena, 5, 7), rest, columns);
            InputSlices inputs = inputSlices(backend, arena, random(backend, arena, 7, 5), columns);
            OutputSlices allOutputs = randomOutputs(backend, arena, 5, 7);
            InputSlices allInputs = inputSlices(backend, arena, random(backend, arena, 7, 5), 7);
            Tensor none = random(backend, arena, 1, 5);
            Routing two = routed(stream, 2, 1, 0);
            assertMistake(
                    () -> stream.linearSlices(x, routed(stream, 2, 1, 0, 2), allOutputs, outputs, rest, y),
                    "linearSlices: a routing of 3 rows does not fit [2, 5]");
            assertMistake(
                    () -> stream.linearSlices(x, routed(stream, 1, 1, 0), allOutputs, outputs, rest, y),
                    "linearSlices: 2 slices, but rows that do not have all 2 learners use at most 1");
            assertMistake(
                    () -> stream.linearSlices(x, two, outputs, outputs, rest, y),
                    "linearSlices: 2 slices for rows with all learners; these use one");
            assertMistake(
                    () -> stream.linearSlices(x, two, randomOutputs(backend, arena, 6, 7), outputs, rest, y),
                    "linearSlices: expected [2, 6], got [2, 5]");
            assertMistake(
                    () -> stream.linearSlices(x, two, randomOutputs(backend, arena, 5, 8), outputs, rest, y),
                    "linearSlices: expected [2, 8], got [2, 7]");
            assertMistake(
                    () -> stream.linearSlices(x, two, allOutputs, outputs, rest, x),
                    "linearSlices: expected [2, 7], got [2, 5]");
            assertMistake(
                    () -> stream.linearSlices(x, two, allOutputs, outputs, y, y),
                    "linearSlices rest: expected [1, 7], got [2, 7]");
            assertMistake(
                    () -> stream.sumSlices(y, routed(stream, 2, 1), allInputs, inputs, none, null, x),
                    "sumSlices: a routing of 1 rows does not fit [2, 7]");
            assertMistake(
                    () -> stream.sumSlices(x, two, allInputs, inputs, none, null, x),
                    "sumSlices: expected [2, 7], got [2, 5]");
            assertMistake(
                    () -> stream.sumSlices(
                            y,
                            two,
                            inputSlices(backend, arena, random(backend, arena, 7, 6), 7),
                            inputs,
                            none,
                            null,
                            x),
                    "sumSlices: expected [2, 6], got [2, 5]");
            assertMistake(
                    () -> stream.sumSlices(y, two, allInputs, inputs, rest, null, x),
                    "sumSlices none: expected [1, 5], got [1, 7]");
            assertMistake(
                    () -> stream.sumSlices(y, two, allInputs, inputs, none, y, x),
                    "sumSlices residual: shapes differ: [2, 7] and [2, 5]");
            assertMistake(
                    () -> new OutputSlices(outputs.weights(), inputs.biases()),
                    "slices of outputs: expected [1, 3], got [1, 5]");
            assertMistake(
                    () -> new OutputSlices(inputs.weights(), inputs.biases()),
                    "slices of outputs: slice 1 of [4, 5] does not fit [3, 5]: they have the same inputs");
            assertMistake(
                    () -> new MlpSlices(outputs, inputs, Activation.SILU, true),
                    "mlp: slice 0 of [5, 3] and [3, 5] does not fit: the outputs of one are the inputs of the other,"
                            + " and as many gates");
        }
    }

    private static void assertMistake(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
