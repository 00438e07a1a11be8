package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.backend.cpu.VectorMatrix;
import io.tokenwise.backend.onednn.OneDnnBackend;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Products cut into slices, of which each row uses some, against plain loops and against the whole product. */
class SlicesTest {
    private static final float UNTOUCHED = -7;

    private final Random random = new Random(5);

    /** A backend, its precision's roundoff, and a name. */
    record Engine(String name, double roundoff, Supplier<Backend> open) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Engine oneDnn(Precision precision, double roundoff) {
        return new Engine("oneDNN " + precision, roundoff, () -> TestModels.oneDnn(precision, 1));
    }

    static Stream<Arguments> cases() {
        List<Engine> engines = List.of(
                new Engine("scalar", 0x1p-24, () -> new VectorBackend(Kernels.scalar(), 1)),
                new Engine("vector", 0x1p-24, () -> VectorBackend.open(1)),
                new Engine("vector, 3 threads", 0x1p-24, () -> VectorBackend.open(3)),
                oneDnn(Precision.F32, 0x1p-24),
                oneDnn(Precision.BF16, 0x1p-9),
                // Half a step, of which there are 255 between a row's least and largest value.
                oneDnn(Precision.S8, 0x1p-8),
                new Engine("oneDNN, 3 threads", 0x1p-8, () -> TestModels.oneDnn(Precision.S8, 3)));
        return engines.stream()
                .flatMap(engine -> Stream.of(1, 7, 130)
                        .flatMap(rows -> Stream.of(
                                        new int[] {96, 96, 96, 96}, new int[] {32, 80, 64}, new int[] {8, 16, 5})
                                .map(columns -> Arguments.of(engine, rows, columns))));
    }

    /** For each row how many slices it uses, or one more for all learners: random counts, all slices, all learners, and none. */
    private List<int[]> uses(int rows, int slices) {
        return List.of(
                random.ints(rows, 0, slices + 2).toArray(),
                IntStream.generate(() -> slices).limit(rows).toArray(),
                IntStream.generate(() -> slices + 1).limit(rows).toArray(),
                new int[rows]);
    }

    /** Of a learner more than there are slices. */
    private static Routing routed(io.tokenwise.backend.Stream stream, int slices, int... counts) {
        Routing routing = stream.routing();
        routing.begin(counts.length, slices + 1);
        for (int row = 0; row < counts.length; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        return routing;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void slicesOfOutputs(Engine engine, int rows, int[] columns) {
        int inputs = 192;
        int outputs = Arrays.stream(columns).sum();
        try (Backend backend = engine.open.get();
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
                    for (int column = 0; column < outputs; column++) {
                        boolean isUsed = column < columnsUsed;
                        float expected = (isUsed ? product : rest).host().get(isUsed ? row : 0, column);
                        assertThat(y.host().get(row, column))
                                .as("row %d of %d, %d slices, column %d", row, rows, counts[row], column)
                                .isEqualTo(expected);
                    }
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
            double tolerance = engine.roundoff * 16 * Math.sqrt(inputs) + 0x1p-24 * 4 * inputs;
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
        try (Backend backend = engine.open.get();
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
        try (Backend backend = engine.open.get();
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

    /** What lies between an MLP's products. */
    record Between(Activation activation, boolean gated) {
        /** In double, of what the first product gives: a slice's u, then its g. */
        double of(double[] sums, int first, int width, int unit) {
            return gated ? sums[2 * first + unit] * act(sums[2 * first + width + unit]) : act(sums[first + unit]);
        }

        private double act(double x) {
            return switch (activation) {
                case GELU -> x * normal(x);
                case GELU_TANH -> x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2;
                case SILU -> x / (1 + Math.exp(-x));
                case RELU -> Math.max(x, 0);
                case TANH -> Math.tanh(x);
            };
        }

        /** The standard normal distribution by its series, {@code 1/2 + pdf(x) (x + x^3/3 + x^5/15 + ..)}. */
        private static double normal(double x) {
            double term = x;
            double sum = x;
            for (int i = 3; i < 400; i += 2) {
                term *= x * x / i;
                sum += term;
            }
            return Math.clamp(0.5 + sum * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), 0, 1);
        }
    }

    /** Every so many rows of an MLP are checked: plain loops take long, and rows are alike. */
    private static final int CHECKED = 3;

    private static final List<Between> BETWEEN = List.of(
            new Between(Activation.SILU, true),
            new Between(Activation.GELU, true),
            new Between(Activation.GELU_TANH, true),
            new Between(Activation.RELU, true),
            new Between(Activation.SILU, false),
            new Between(Activation.GELU, false));

    @ParameterizedTest
    @MethodSource("cases")
    void mlps(Engine engine, int rows, int[] sizes) {
        int inputs = 64;
        int units = Arrays.stream(sizes).sum();
        try (Backend backend = engine.open.get();
                Arena arena = Arena.ofShared();
                Workspace workspace = backend.workspace(1 << 24)) {
            var stream = backend.stream();
            Tensor x = random(backend, arena, rows, inputs);
            Tensor none = random(backend, arena, 1, inputs);
            Tensor residual = random(backend, arena, rows, inputs);
            for (Between between : BETWEEN) {
                Part partly = part(backend, arena, inputs, between, sizes);
                Part whole = part(backend, arena, inputs, between, units);
                Tensor y = backend.allocate(arena, rows, inputs);
                List<int[]> uses = uses(rows, sizes.length);
                for (int[] counts : between.equals(BETWEEN.getFirst()) ? uses : uses.subList(0, 1)) {
                    Routing routing = routed(stream, sizes.length, counts);
                    stream.fill(y, UNTOUCHED);
                    stream.mlp(x, routing, whole.slices, partly.slices, none, residual, workspace, y);
                    for (int row = 0; row < rows; row += CHECKED) {
                        Part own = counts[row] > sizes.length ? whole : partly;
                        own.check(engine, x, row, counts[row], none, residual, y);
                    }
                    Tensor inPlace = backend.allocate(arena, rows, inputs);
                    stream.copy(residual, inPlace);
                    stream.mlp(x, routing, whole.slices, partly.slices, none, inPlace, workspace, inPlace);
                    assertThat(values(inPlace)).isEqualTo(values(y));
                    checkAlone(backend, arena, workspace, counts, x, residual, none, whole, partly, y);
                }
                stream.mlp(x, partly.slices, residual, workspace, y);
                for (int row = 0; row < rows; row += CHECKED) {
                    partly.check(engine, x, row, sizes.length, none, residual, y);
                }
            }
        }
    }

    /** Rows have the same bits alone: the first, the last, and one between. */
    private void checkAlone(
            Backend backend,
            Arena arena,
            Workspace workspace,
            int[] counts,
            Tensor x,
            Tensor residual,
            Tensor none,
            Part whole,
            Part partly,
            Tensor y) {
        var stream = backend.stream();
        Tensor alone = backend.allocate(arena, 1, y.columns());
        int slices = partly.slices.count();
        for (int row : new int[] {0, counts.length / 2, counts.length - 1}) {
            Routing own = routed(stream, slices, counts[row]);
            stream.mlp(row(x, row), own, whole.slices, partly.slices, none, row(residual, row), workspace, alone);
            assertThat(values(alone)).as("row %d", row).isEqualTo(values(row(y, row)));
        }
    }

    /** An MLP and what it is made of. */
    private record Part(Between between, MlpSlices slices, int[] sizes, Tensor up, Tensor upBias, Tensor down) {
        /** Against plain loops in double; what a row without slices gets is exact. */
        void check(Engine engine, Tensor x, int row, int count, Tensor none, Tensor residual, Tensor y) {
            int used = Math.min(count, sizes.length);
            var sums = new double[up.columns()];
            for (int column = 0; column < sums.length; column++) {
                sums[column] = upBias.host().get(0, column);
                for (int i = 0; i < x.columns(); i++) {
                    sums[column] += (double) x.host().get(row, i) * up.host().get(i, column);
                }
            }
            for (int column = 0; column < y.columns(); column += 5) {
                double sum = residual.host().get(row, column);
                if (used == 0) {
                    assertThat(y.host().get(row, column))
                            .isEqualTo((float) sum + none.host().get(0, column));
                    continue;
                }
                int first = 0;
                for (int n = 0; n < used; n++) {
                    sum += slices.downs().biases().get(n).host().get(0, column);
                    for (int unit = 0; unit < sizes[n]; unit++) {
                        sum += between.of(sums, first, sizes[n], unit)
                                * down.host().get(first + unit, column);
                    }
                    first += sizes[n];
                }
                // Units reach 16, so each is wrong by up to 16 roundoffs; weights of about unit length add them up at
                // random.
                assertThat(Math.abs(y.host().get(row, column) - sum))
                        .as("%s, %s, %d slices, row %d, column %d", engine, between, count, row, column)
                        .isLessThanOrEqualTo(64 * engine.roundoff);
            }
        }
    }

    private Part part(Backend backend, Arena arena, int inputs, Between between, int... sizes) {
        int units = Arrays.stream(sizes).sum();
        int[] columns = Arrays.stream(sizes)
                .map(size -> between.gated ? 2 * size : size)
                .toArray();
        Tensor up = scaled(random(backend, arena, inputs, Arrays.stream(columns).sum()), inputs);
        Tensor upBias = random(backend, arena, 1, up.columns());
        Tensor down = scaled(random(backend, arena, units, inputs), units);
        var slices = new MlpSlices(
                outputSlices(backend, arena, up, upBias, columns),
                inputSlices(backend, arena, down, sizes),
                between.activation,
                between.gated);
        return new Part(between, slices, sizes, up, upBias, down);
    }

    /** So that sums over so many are of size 1. */
    private static Tensor scaled(Tensor weight, int inputs) {
        for (int i = 0; i < weight.size(); i++) {
            weight.floats().set(i, weight.floats().get(i) / (float) Math.sqrt(inputs));
        }
        return weight;
    }

    /** As attention calls them, in matrices that have room for more columns. */
    @ParameterizedTest
    @MethodSource("cases")
    void someRowsOfWiderMatrices(Engine engine, int rows, int[] columns) {
        int total = Arrays.stream(columns).sum();
        int wider = total + 32;
        try (Backend backend = engine.open.get();
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
                for (int column = 0; column < wider; column++) {
                    assertThat(y.host().get(row, column))
                            .as("row %d, column %d", row, column)
                            .isEqualTo((column < total ? ownY : rest).host().get(0, column));
                }
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

    private Tensor random(Backend backend, Arena arena, int rows, int columns) {
        Tensor x = backend.allocate(arena, rows, columns);
        for (int i = 0; i < x.size(); i++) {
            x.floats().set(i, (float) random.nextGaussian());
        }
        return x;
    }

    private static Tensor row(Tensor x, int row) {
        return x.part((long) row * x.columns(), x.columns());
    }

    private static float[] values(Tensor x) {
        var values = new float[x.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = x.floats().get(i);
        }
        return values;
    }

    private OutputSlices randomOutputs(Backend backend, Arena arena, int inputs, int... columns) {
        int total = Arrays.stream(columns).sum();
        Tensor weight = random(backend, arena, inputs, total);
        return outputSlices(backend, arena, weight, random(backend, arena, 1, total), columns);
    }

    private static OutputSlices outputSlices(Backend backend, Arena arena, Tensor weight, Tensor bias, int... columns) {
        var biases = new ArrayList<Tensor>();
        int at = 0;
        for (int width : columns) {
            biases.add(bias.part(at, width));
            at += width;
        }
        return new OutputSlices(slices(backend, arena, weight, columns, true), biases);
    }

    private InputSlices inputSlices(Backend backend, Arena arena, Tensor weight, int... columns) {
        List<Tensor> biases = Arrays.stream(columns)
                .mapToObj(width -> random(backend, arena, 1, weight.columns()))
                .toList();
        return new InputSlices(slices(backend, arena, weight, columns, false), biases);
    }

    private static List<PackedMatrix> slices(
            Backend backend, Arena arena, Tensor weight, int[] columns, boolean alongOutputs) {
        List<PackedMatrix> slices =
                backend.allocateSlices(arena, weight.rows(), weight.columns(), columns, alongOutputs);
        backend.stream().packSlices(weight, slices);
        return slices;
    }
}
