package io.tokenwise.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeadOpsTest extends KernelTest {
    private static final int ALL = Integer.MAX_VALUE;

    private final Scratch scratch = new Scratch();

    private static MemorySegment bytes(long count) {
        MemorySegment memory = Arena.ofAuto().allocate(count, 64);
        memory.fill((byte) 1);
        return memory;
    }

    /** Where heads of 32 columns may lie in a matrix of 21 tokens. */
    private static List<HeadColumns> heads(Floats x) {
        HeadColumns side = new HeadColumns();
        side.sideBySide(x, 72, 5, 32);
        HeadColumns shared = new HeadColumns();
        shared.sideBySide(x, 72, 8, 32, 2);
        HeadColumns units = new HeadColumns();
        units.inUnits(x, 72, new int[] {64, 8, 16, 40, 0, 24, 32, 56}, 32);
        return List.of(side, shared, units);
    }

    @Test
    void rowsAreTheirNearestBfloat16AndZerosFollow() {
        double[] values = normal(21 * 72);
        values[7 * 72 + 40] = Double.NaN;
        Floats x = floats(values);
        for (HeadColumns columns : heads(x)) {
            for (int head = 0; head < 2; head++) {
                for (Kernels set : both()) {
                    MemorySegment target = bytes(2 * 20 * 32);
                    set.heads().toBfloat16(columns, head, 3, 14, 19, target, scratch);
                    for (int i = 0; i < 20 * 32; i++) {
                        short expected = i >= 19 * 32
                                ? 0x0101
                                : i >= 14 * 32
                                        ? 0
                                        : ScalarConversions.bfloat16(x.get(columns.at(3 + i / 32, head, i % 32)));
                        assertThat(target.getAtIndex(JAVA_SHORT, i))
                                .as("%s, value %d", set.name(), i)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    /** From four vectors on they go together, and what is left behind them. */
    @ParameterizedTest
    @ValueSource(ints = {16, 48, 64, 80, 128})
    void rowsOfHeadsOfAllSizesAreTheirNearestBfloat16(int size) {
        int stride = 2 * size + 3;
        double[] values = normal(7 * stride);
        values[4 * stride + size + 10] = Double.NaN;
        Floats x = floats(values);
        HeadColumns columns = new HeadColumns();
        columns.sideBySide(x, stride, 3, size);
        for (Kernels set : both()) {
            MemorySegment target = bytes(2L * 6 * size);
            set.heads().toBfloat16(columns, 1, 2, 5, 6, target, scratch);
            for (int i = 0; i < 6 * size; i++) {
                short expected =
                        i >= 5 * size ? 0 : ScalarConversions.bfloat16(x.get(columns.at(2 + i / size, 1, i % size)));
                assertThat(target.getAtIndex(JAVA_SHORT, i))
                        .as("%s, value %d", set.name(), i)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void rowsAreGatheredAndScattered() {
        Floats x = floats(normal(21 * 72));
        for (int which = 0; which < 3; which++) {
            HeadColumns columns = heads(x).get(which);
            for (Kernels set : both()) {
                MemorySegment rows = bytes(4 * 14 * 32);
                set.heads().gather(columns, 1, 3, 14, rows);
                for (int i = 0; i < 14 * 32; i++) {
                    assertThat(rows.getAtIndex(JAVA_FLOAT, i))
                            .as("%s, value %d", set.name(), i)
                            .isEqualTo(x.get(columns.at(3 + i / 32, 1, i % 32)));
                }
                Floats y = filled(21 * 72, 9);
                set.heads().scatter(rows, heads(y).get(which), 1, 3, 14);
                int written = 0;
                for (int i = 0; i < 21 * 72; i++) {
                    written += y.get(i) == 9 ? 0 : 1;
                }
                assertThat(written).as(set.name()).isEqualTo(14 * 32);
                for (int i = 0; i < 14 * 32; i++) {
                    long at = columns.at(3 + i / 32, 1, i % 32);
                    assertThat(y.get(at)).as("%s, value %d", set.name(), i).isEqualTo(x.get(at));
                }
            }
        }
    }

    @Test
    void contextsAreScaledToWhereTheyBelong() {
        double[] sums = normal(14 * 32);
        float[] factors = new float[14];
        for (int r = 0; r < 14; r++) {
            factors[r] = random.nextFloat();
        }
        for (int which = 0; which < 3; which++) {
            if (which == 1) {
                continue;
            }
            for (Kernels set : both()) {
                Floats y = filled(21 * 72, 9);
                HeadColumns columns = heads(y).get(which);
                set.heads().scaled(floats(sums).segment(), factors, columns, 1, 3, 14);
                int written = 0;
                for (int i = 0; i < 14 * 32; i++) {
                    float expected = factors[i / 32] * (float) sums[i];
                    assertThat(y.get(columns.at(3 + i / 32, 1, i % 32))).isEqualTo(expected);
                }
                for (int i = 0; i < 21 * 72; i++) {
                    written += y.get(i) == 9 ? 0 : 1;
                }
                assertThat(written).as(set.name()).isEqualTo(14 * 32);
            }
        }
    }

    static Stream<Arguments> seen() {
        return Stream.of(
                Arguments.of(16, ALL, ALL, 1f),
                Arguments.of(29, ALL, ALL, 0.125f),
                Arguments.of(150, ALL, ALL, 3f),
                Arguments.of(150, ALL, ALL, 300f),
                Arguments.of(150, ALL, 0, 1f),
                Arguments.of(150, 20, 20, 1f),
                Arguments.of(150, 0, 0, 1f),
                Arguments.of(150, 3, 70, 1f));
    }

    @ParameterizedTest
    @MethodSource("seen")
    void softmaxIsThatOfWhatIsSeen(int length, int before, int after, float scale) {
        AttentionCall call = new AttentionCall();
        call.scale = scale;
        call.before = before;
        call.after = after;
        int query = length / 2;
        int rows = Math.min(9, length - query);
        int from = call.firstSeen(0, query) / 16 * 16;
        int columns = (call.endSeen(0, query + rows - 1, length) - from + 63) / 64 * 64;
        double[] scores = normal(rows * columns);
        List<MemorySegment> weights = new ArrayList<>();
        List<float[]> inverses = new ArrayList<>();
        for (Kernels set : both()) {
            weights.add(bytes(2L * rows * columns));
            inverses.add(new float[rows]);
            MemorySegment x = floats(scores).segment();
            set.heads().softmax(call, 0, length, query, rows, from, columns, x, weights.getLast(), inverses.getLast());
        }
        assertThat(weights.getFirst().mismatch(weights.getLast())).isEqualTo(-1);
        assertThat(inverses.getFirst()).isEqualTo(inverses.getLast());
        for (int r = 0; r < rows; r++) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < columns; j++) {
                largest =
                        sees(call, query + r, from + j, length) ? Math.max(largest, scores[r * columns + j]) : largest;
            }
            double sum = 0;
            for (int j = 0; j < columns; j++) {
                double expected = sees(call, query + r, from + j, length)
                        ? Math.exp((scores[r * columns + j] - largest) * scale)
                        : 0;
                sum += expected;
                short bits = weights.getFirst().getAtIndex(JAVA_SHORT, (long) r * columns + j);
                assertThat((double) Float.intBitsToFloat(bits << 16))
                        .as("row %d, key %d", r, from + j)
                        .isCloseTo(expected, within(expected * 0x1.01p-8 + 1e-30 + expected * scale * 1e-5));
            }
            assertThat(inverses.getFirst()[r] * sum).isCloseTo(1, within(1e-5 * (1 + scale / 10)));
        }
    }

    private static boolean sees(AttentionCall call, int query, int key, int length) {
        return key < length && (long) key >= (long) query - call.before && (long) key <= (long) query + call.after;
    }

    @Test
    void aScoreThatIsNotANumberShowsInItsRow() {
        AttentionCall call = new AttentionCall();
        call.scale = 1;
        double[] scores = normal(2 * 32);
        scores[40] = Double.NaN;
        for (Kernels set : both()) {
            float[] inverses = new float[2];
            MemorySegment x = floats(scores).segment();
            set.heads().softmax(call, 0, 30, 5, 2, 0, 32, x, bytes(2 * 2 * 32), inverses);
            assertThat(inverses[0]).as(set.name()).isBetween(0f, 1f);
            assertThat(inverses[1]).as(set.name()).isNaN();
        }
    }
}
