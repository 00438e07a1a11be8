package io.tokenwise.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.kernels.Activation;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** MLPs cut into slices, of which each row uses some, against plain loops; with gates and without, of all activations. */
class MlpSlicesTest extends SlicedProducts {
    /** Every so many rows of an MLP are checked: plain loops take long, and rows are alike. */
    private static final int CHECKED = 3;

    private static final List<Between> BETWEEN = List.of(
            new Between(Activation.SILU, true),
            new Between(Activation.GELU, true),
            new Between(Activation.GELU_TANH, true),
            new Between(Activation.RELU, true),
            new Between(Activation.SILU, false),
            new Between(Activation.GELU, false));

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

    @ParameterizedTest
    @MethodSource("cases")
    void mlps(Engine engine, int rows, int[] sizes) {
        int inputs = 64;
        int units = Arrays.stream(sizes).sum();
        try (Backend backend = engine.open().get();
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
            double[] units = units(x, row, used);
            for (int column = 0; column < y.columns(); column += 5) {
                double sum = residual.host().get(row, column);
                if (used == 0) {
                    assertThat(y.host().get(row, column))
                            .isEqualTo((float) sum + none.host().get(0, column));
                    continue;
                }
                for (int n = 0; n < used; n++) {
                    sum += slices.downs().biases().get(n).host().get(0, column);
                }
                for (int unit = 0; unit < units.length; unit++) {
                    sum += units[unit] * down.host().get(unit, column);
                }
                // Units reach 16, so each is wrong by up to 16 roundoffs; weights of about unit length add them up at
                // random.
                assertThat(Math.abs(y.host().get(row, column) - sum))
                        .as("%s, %s, %d slices, row %d, column %d", engine, between, count, row, column)
                        .isLessThanOrEqualTo(64 * engine.roundoff());
            }
        }

        /** What the first product and what lies behind it give of a row, of so many slices. */
        private double[] units(Tensor x, int row, int used) {
            var sums = new double[up.columns()];
            for (int column = 0; column < sums.length; column++) {
                sums[column] = upBias.host().get(0, column);
            }
            for (int i = 0; i < x.columns(); i++) {
                double value = x.host().get(row, i);
                for (int column = 0; column < sums.length; column++) {
                    sums[column] += value * up.host().get(i, column);
                }
            }
            var units = new double[IntStream.of(sizes).limit(used).sum()];
            int first = 0;
            for (int n = 0; n < used; n++) {
                for (int unit = 0; unit < sizes[n]; unit++) {
                    units[first + unit] = between.of(sums, first, sizes[n], unit);
                }
                first += sizes[n];
            }
            return units;
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
}
