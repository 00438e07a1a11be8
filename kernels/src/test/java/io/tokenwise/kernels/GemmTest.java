package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GemmTest extends KernelTest {
    private final Scratch scratch = new Scratch();

    /** Tiny sizes in every combination, primes, blocks of k that end early, and real shapes. */
    static Stream<Arguments> shapes() {
        Stream<Arguments> tiny = IntStream.rangeClosed(1, 17)
                .boxed()
                .flatMap(m -> IntStream.of(1, 2, 7, 16, 17).mapToObj(n -> Arguments.of(m, n, (m * n) % 17 + 1)));
        Stream<Arguments> others = Stream.of(
                Arguments.of(31, 61, 97),
                Arguments.of(13, 37, 383),
                Arguments.of(5, 33, 384),
                Arguments.of(3, 65, 385),
                Arguments.of(9, 3, 769),
                Arguments.of(45, 300, 150),
                Arguments.of(1, 1536, 384),
                Arguments.of(1, 384, 1536),
                Arguments.of(16, 1152, 384),
                Arguments.of(67, 384, 1536));
        return Stream.concat(tiny, others);
    }

    private static GemmCall call(int m, int n, int k, Floats a) {
        GemmCall call = new GemmCall();
        call.m = m;
        call.n = n;
        call.k = k;
        call.a = a;
        call.aStride = k;
        call.c = filled(m * n, Float.NaN);
        call.cStride = n;
        return call;
    }

    private static Floats pack(Kernels set, Floats b, int k, int n) {
        Floats packed = filled((int) set.gemm().packedFloats(k, n), Float.NaN);
        set.gemm().pack(b, n, false, k, n, packed, 0, panels(set, n));
        return packed;
    }

    private static int panels(Kernels set, int n) {
        return (n + set.gemm().panelColumns() - 1) / set.gemm().panelColumns();
    }

    private Floats product(Kernels set, GemmCall call, Floats b) {
        call.packedB = pack(set, b, call.k, call.n);
        set.gemm().multiply(call, 0, call.m, 0, call.n, scratch);
        return call.c;
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void meetsTheReferenceAndHasTheBitsOfItsScalarTwin(int m, int n, int k) {
        double[] a = normal(m * k);
        double[] b = normal(k * n);
        Floats own = product(tested, call(m, n, k, floats(a)), floats(b));
        assertSameBits("product", own, product(Kernels.scalar(), call(m, n, k, floats(a)), floats(b)), m * n);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j += 1 + n / 50) {
                double sum = 0;
                double size = 0;
                for (int p = 0; p < k; p++) {
                    sum += a[i * k + p] * b[p * n + j];
                    size += Math.abs(a[i * k + p] * b[p * n + j]);
                }
                // Higham, Accuracy and Stability of Numerical Algorithms, (3.5), to first order.
                assertThat((double) own.get((long) i * n + j)).isCloseTo(sum, within(k * ROUNDOFF * size));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 801})
    void anElementDoesNotDependOnTheOtherRowsNorOnTheRanges(int k) {
        int m = 53;
        int n = 131;
        Floats a = floats(normal(m * k));
        Floats b = floats(normal(k * n));
        for (Kernels set : both()) {
            Floats whole = product(set, call(m, n, k, a), b);
            GemmCall cut = call(m, n, k, a);
            cut.packedB = pack(set, b, k, n);
            int panel = set.gemm().panelColumns();
            for (int row = 0, rows = 1; row < m; row += rows, rows = rows % 11 + 1) {
                for (int column = 0; column < n; column += 2 * panel) {
                    set.gemm()
                            .multiply(
                                    cut,
                                    row,
                                    Math.min(m, row + rows),
                                    column,
                                    Math.min(n, column + 2 * panel),
                                    scratch);
                }
            }
            assertSameBits(set.name() + " in pieces", cut.c, whole, m * n);
            for (int i = 0; i < m; i++) {
                Floats row = new Floats(a.segment(), a.at((long) i * k));
                Floats alone = product(set, call(1, n, k, row), b);
                assertSameBits(set.name() + " row " + i, alone, new Floats(whole.segment(), whole.at((long) i * n)), n);
            }
        }
    }

    @Test
    void gatherAndScatterMoveRowsWithoutChangingThem() {
        int m = 29;
        int n = 150;
        int k = 50;
        int[] gather = random.ints(m, 0, m).toArray();
        int[] scatter = IntStream.range(0, m).map(i -> (i * 12 + 5) % m).toArray();
        Floats a = floats(normal(m * k));
        Floats b = floats(normal(k * n));
        for (Kernels set : both()) {
            Floats plain = product(set, call(m, n, k, a), b);
            GemmCall moved = call(m, n, k, a);
            moved.gather = gather;
            moved.scatter = scatter;
            product(set, moved, b);
            for (int i = 0; i < m; i++) {
                assertSameBits(
                        set.name() + " row " + i,
                        new Floats(moved.c.segment(), moved.c.at((long) scatter[i] * n)),
                        new Floats(plain.segment(), plain.at((long) gather[i] * n)),
                        n);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void epiloguesAreWhatTheOperationsDoApart(int m, int n, int k) {
        Floats a = floats(normal(m * k));
        Floats b = floats(normal(k * n));
        Floats bias = floats(normal(n));
        Floats old = floats(normal(m * n));
        Floats plain = product(tested, call(m, n, k, a), b);

        Floats expected = zeros((long) m * n);
        for (int chosen = 0; chosen < 8; chosen++) {
            GemmCall fused = call(m, n, k, a);
            fused.bias = (chosen & 1) == 0 ? null : bias;
            fused.gelu = (chosen & 2) != 0;
            if ((chosen & 4) != 0) {
                fused.c = copy(old, m * n);
                fused.residual = fused.c;
            }
            product(tested, fused, b);
            for (int i = 0; i < m * n; i++) {
                float value = plain.get(i);
                value = fused.bias == null ? value : value + bias.get(i % n);
                value = fused.gelu ? ScalarMath.gelu(value) : value;
                expected.set(i, fused.residual == null ? value : value + old.get(i));
            }
            String what =
                    "bias %s, gelu %s, residual %s".formatted(fused.bias != null, fused.gelu, fused.residual != null);
            assertSameBits(what, fused.c, expected, m * n);
        }

        GemmCall accumulating = call(m, n, k, a);
        accumulating.accumulate = true;
        accumulating.c = copy(old, m * n);
        product(tested, accumulating, b);
        for (int i = 0; i < m * n; i++) {
            expected.set(i, old.get(i) + plain.get(i));
        }
        assertSameBits("accumulate", accumulating.c, expected, m * n);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void transposedOperandsGiveTheSameBits(int m, int n, int k) {
        double[] a = normal(m * k);
        Floats b = floats(normal(k * n));
        GemmCall transposed = call(m, n, k, floats(transpose(a, m, k)));
        transposed.aTransposed = true;
        transposed.aStride = m;
        Floats expected = product(tested, call(m, n, k, floats(a)), b);
        assertSameBits("A transposed", product(tested, transposed, b), expected, m * n);

        Floats bTransposed = floats(transpose(doubles(b, k * n), k, n));
        int count = (int) tested.gemm().packedFloats(k, n);
        Floats packed = filled(count, Float.NaN);
        for (int panel = 0; panel < panels(tested, n); panel++) {
            tested.gemm().pack(bTransposed, k, true, k, n, packed, panel, panel + 1);
        }
        assertSameBits("B transposed", packed, pack(tested, b, k, n), count);
    }

    private static double[] transpose(double[] x, int rows, int columns) {
        double[] y = new double[x.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                y[j * rows + i] = x[i * columns + j];
            }
        }
        return y;
    }

    @Test
    void writesOnlyItsRange() {
        int n = 3 * tested.gemm().panelColumns();
        int column = tested.gemm().panelColumns();
        GemmCall call = call(20, n, 10, floats(normal(20 * 10)));
        call.packedB = pack(tested, floats(normal(10 * n)), 10, n);
        tested.gemm().multiply(call, 3, 16, column, 2 * column, scratch);
        for (int i = 0; i < 20 * n; i++) {
            boolean inside = i / n >= 3 && i / n < 16 && i % n >= column && i % n < 2 * column;
            assertThat(Float.isNaN(call.c.get(i))).as("element %d untouched", i).isEqualTo(!inside);
        }
    }
}
