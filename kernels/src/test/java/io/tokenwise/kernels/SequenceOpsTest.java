package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SequenceOpsTest extends KernelTest {
    private static final int[] OFFSETS = {0, 1, 6, 8, 19};
    private static final int SEQUENCES = OFFSETS.length - 1;
    private static final int TOKENS = OFFSETS[SEQUENCES];
    private static final int VOCABULARY = 11;
    private static final int POSITION_BASE = 2;
    private static final int POSITIONS = POSITION_BASE + 11;

    private final int[] ids = random.ints(TOKENS, 0, VOCABULARY).toArray();

    @ParameterizedTest
    @MethodSource("sizes")
    void embeddingSumAddsWordPositionAndType(int columns) {
        double[] words = normal(VOCABULARY * columns);
        double[] positions = normal(POSITIONS * columns);
        double[] types = normal(2 * columns);
        for (boolean typed : new boolean[] {false, true}) {
            double[] expected = new double[TOKENS * columns];
            for (int s = 0; s < SEQUENCES; s++) {
                for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                    for (int j = 0; j < columns; j++) {
                        int position = t - OFFSETS[s] + POSITION_BASE;
                        expected[t * columns + j] = words[ids[t] * columns + j]
                                + positions[position * columns + j]
                                + (typed ? types[j] : 0);
                    }
                }
            }
            for (Kernels set : both()) {
                Floats y = zeros(TOKENS * columns);
                Floats typeTable = typed ? floats(types) : null;
                for (int s = 0; s < SEQUENCES; s++) {
                    set.sequences()
                            .embeddingSum(
                                    ids,
                                    OFFSETS,
                                    floats(words),
                                    1,
                                    floats(positions),
                                    POSITION_BASE,
                                    typeTable,
                                    y,
                                    columns,
                                    s,
                                    s + 1);
                }
                assertClose(set.name(), y, expected, 3, 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void embeddingGradientsAddEachTokenToItsRows(int columns) {
        double[] dy = normal(TOKENS * columns);
        double[] words = new double[VOCABULARY * columns];
        double[] positions = new double[POSITIONS * columns];
        double[] types = new double[columns];
        for (int s = 0; s < SEQUENCES; s++) {
            for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                for (int j = 0; j < columns; j++) {
                    words[ids[t] * columns + j] += dy[t * columns + j];
                    positions[(t - OFFSETS[s] + POSITION_BASE) * columns + j] += dy[t * columns + j];
                    types[j] += dy[t * columns + j];
                }
            }
        }
        for (Kernels set : both()) {
            Floats dWords = zeros(words.length);
            Floats dPositions = zeros(positions.length);
            Floats dTypes = zeros(columns);
            int step = 1 + columns / 2;
            for (int j = 0; j < columns; j += step) {
                set.sequences()
                        .embeddingSumBackward(
                                ids,
                                OFFSETS,
                                SEQUENCES,
                                floats(dy),
                                dWords,
                                1,
                                dPositions,
                                POSITION_BASE,
                                dTypes,
                                columns,
                                j,
                                Math.min(columns, j + step));
            }
            assertClose(set.name() + " words", dWords, words, TOKENS, 4);
            assertClose(set.name() + " positions", dPositions, positions, TOKENS, 4);
            assertClose(set.name() + " types", dTypes, types, TOKENS, 4);
        }
    }

    /** The ids of the tests above, with the last two types in their top bytes in turn. */
    private int[] typedIds() {
        int[] typed = ids.clone();
        for (int t = 0; t < TOKENS; t++) {
            typed[t] |= 1 + t % 2 << SequenceOps.TYPE_SHIFT;
        }
        return typed;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void wordsAreScaledAndTypesComeFromTheIds(int columns) {
        double[] words = normal(VOCABULARY * columns);
        double[] positions = normal(POSITIONS * columns);
        double[] types = normal(3 * columns);
        double[] dy = normal(TOKENS * columns);
        float scale = 22.625f;
        for (int form = 0; form < 4; form++) {
            boolean placed = form % 2 == 0;
            boolean typed = form < 2;
            double[] expected = new double[TOKENS * columns];
            double[] dWords = new double[words.length];
            double[] dTypes = new double[types.length];
            for (int s = 0; s < SEQUENCES; s++) {
                for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                    for (int j = 0; j < columns; j++) {
                        int type = (1 + t % 2) * columns + j;
                        expected[t * columns + j] = scale * words[ids[t] * columns + j]
                                + (placed ? positions[(t - OFFSETS[s] + POSITION_BASE) * columns + j] : 0)
                                + (typed ? types[type] : 0);
                        dWords[ids[t] * columns + j] += scale * dy[t * columns + j];
                        dTypes[type] += typed ? dy[t * columns + j] : 0;
                    }
                }
            }
            Floats[] y = {zeros(expected.length), zeros(expected.length)};
            for (int i = 0; i < 2; i++) {
                Kernels set = both().get(i);
                embed(
                        set,
                        floats(words),
                        scale,
                        placed ? floats(positions) : null,
                        typed ? floats(types) : null,
                        y[i],
                        columns);
                assertClose(set.name(), y[i], expected, 3, scale);
                Floats madeWords = zeros(words.length);
                Floats madeTypes = zeros(types.length);
                set.sequences()
                        .embeddingSumBackward(
                                typedIds(),
                                OFFSETS,
                                SEQUENCES,
                                floats(dy),
                                madeWords,
                                scale,
                                placed ? zeros(positions.length) : null,
                                POSITION_BASE,
                                typed ? madeTypes : null,
                                columns,
                                0,
                                columns);
                assertClose(set.name() + " words", madeWords, dWords, TOKENS, 4 * scale);
                assertClose(set.name() + " types", madeTypes, dTypes, TOKENS, 4);
            }
            assertSameBits("form " + form, y[0], y[1], expected.length);
        }
    }

    private void embed(Kernels set, Floats words, float scale, Floats positions, Floats types, Floats y, int columns) {
        SequenceOps ops = set.sequences();
        ops.embeddingSum(typedIds(), OFFSETS, words, scale, positions, POSITION_BASE, types, y, columns, 0, 2);
        ops.embeddingSum(typedIds(), OFFSETS, words, scale, positions, POSITION_BASE, types, y, columns, 2, SEQUENCES);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void theLargestOfEachColumnIsPooled(int columns) {
        double[] x = normal(TOKENS * columns);
        double[] largest = new double[SEQUENCES * columns];
        for (int s = 0; s < SEQUENCES; s++) {
            for (int j = 0; j < columns; j++) {
                for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                    double weight = Math.log(1 + Math.max(0, x[t * columns + j]));
                    largest[s * columns + j] = Math.max(largest[s * columns + j], weight);
                }
            }
        }
        Floats[] pooled = {zeros(largest.length), zeros(largest.length)};
        for (int i = 0; i < 2; i++) {
            SequenceOps ops = both().get(i).sequences();
            ops.raiseToLargest(floats(x), OFFSETS, pooled[i], columns, 0, 1);
            ops.raiseToLargest(floats(x), OFFSETS, pooled[i], columns, 1, SEQUENCES);
            ops.raiseToLargest(filled(x.length, -1), OFFSETS, pooled[i], columns, 0, SEQUENCES);
            ops.logs(pooled[i], 0, 1);
            ops.logs(pooled[i], 1, largest.length);
            assertClose("largest", pooled[i], largest, 1, 0);
        }
        assertSameBits("largest", pooled[0], pooled[1], largest.length);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void theMeanMeetsTheReferenceAndItsGradient(int columns) {
        double[] x = normal(TOKENS * columns);
        double[] dy = normal(SEQUENCES * columns);
        double[] meanGradient = new double[x.length];
        for (int s = 0; s < SEQUENCES; s++) {
            for (int j = 0; j < columns; j++) {
                for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                    meanGradient[t * columns + j] = dy[s * columns + j] / (OFFSETS[s + 1] - OFFSETS[s]);
                }
            }
        }
        for (Kernels set : both()) {
            SequenceOps ops = set.sequences();
            Floats y = zeros(SEQUENCES * columns);
            Floats dx = filled(TOKENS * columns, Float.NaN);
            ops.meanPool(floats(x), OFFSETS, y, columns, 0, SEQUENCES);
            assertClose(set.name() + " mean", y, Reference.meanPool(x, OFFSETS, columns), TOKENS, 1);
            ops.meanPoolBackward(floats(dy), OFFSETS, dx, columns, 0, SEQUENCES);
            assertClose(set.name() + " mean gradient", dx, meanGradient, 1, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void aFirstTokenIsPutBeforeEachSequence(int columns) {
        int sequences = 3;
        int tokens = 4;
        double[] x = normal(sequences * (tokens - 1) * columns);
        double[] first = normal(columns);
        double[] positions = normal(tokens * columns);
        double[] dy = normal(sequences * tokens * columns);
        double[] y = new double[dy.length];
        double[] dx = new double[x.length];
        double[] dFirst = new double[columns];
        double[] dPositions = new double[positions.length];
        for (int i = 0; i < y.length; i++) {
            int column = i % columns;
            int token = i / columns % tokens;
            int below = (i / columns / tokens * (tokens - 1) + token - 1) * columns + column;
            y[i] = (token == 0 ? first[column] : x[below]) + positions[token * columns + column];
            dPositions[token * columns + column] += dy[i];
            if (token == 0) {
                dFirst[column] += dy[i];
            } else {
                dx[below] = dy[i];
            }
        }
        for (Kernels set : both()) {
            SequenceOps ops = set.sequences();
            Floats made = filled(y.length, Float.NaN);
            ops.withFirst(floats(x), floats(first), floats(positions), made, tokens, columns, 0, sequences);
            assertClose(set.name() + " first", made, y, 1, 1);
            Floats madeDx = filled(dx.length, Float.NaN);
            ops.withoutFirst(floats(dy), madeDx, tokens, columns, 0, sequences);
            assertClose(set.name() + " gradient", madeDx, dx, 1, 0);
            Floats madeFirst = zeros(columns);
            Floats madePositions = zeros(positions.length);
            ops.withFirstBackward(floats(dy), madeFirst, madePositions, tokens, sequences, columns, 0, columns / 2);
            ops.withFirstBackward(
                    floats(dy), madeFirst, madePositions, tokens, sequences, columns, columns / 2, columns);
            assertClose(set.name() + " first token", madeFirst, dFirst, sequences, 1);
            assertClose(set.name() + " positions", madePositions, dPositions, sequences, 1);
        }
    }

    @Test
    void patchesHoldTheirColoursOneAfterTheOther() {
        int side = 3;
        int patchSize = 2;
        int size = side * patchSize;
        int images = 2;
        var pixels = new int[images * size * size];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i * 7 & 0xFF) << 16 | (i * 5 & 0xFF) << 8 | i * 3 & 0xFF;
        }
        var values = new float[3 * 256];
        for (int i = 0; i < values.length; i++) {
            values[i] = i - 300.5f;
        }
        for (Kernels set : both()) {
            Floats y = filled(3 * pixels.length, Float.NaN);
            set.sequences().patches(pixels, values, side, patchSize, y, 0, 1);
            set.sequences().patches(pixels, values, side, patchSize, y, 1, images);
            for (int i = 0; i < pixels.length; i++) {
                int row = i / size % size;
                int column = i % size;
                int patch = (i / size / size * side + row / patchSize) * side + column / patchSize;
                int place = row % patchSize * patchSize + column % patchSize;
                for (int channel = 0; channel < 3; channel++) {
                    int value = pixels[i] >> 8 * (2 - channel) & 0xFF;
                    int at = (patch * 3 + channel) * patchSize * patchSize + place;
                    assertThat(y.get(at)).isEqualTo(channel * 256 + value - 300.5f);
                }
            }
        }
    }

    @Test
    void poolingOneSequenceLeavesTheOthersAlone() {
        Floats x = floats(normal(TOKENS * 20));
        for (Kernels set : both()) {
            Floats y = filled(SEQUENCES * 20, Float.NaN);
            set.sequences().meanPool(x, OFFSETS, y, 20, 1, 2);
            for (int i = 0; i < SEQUENCES * 20; i++) {
                assertThat(Float.isNaN(y.get(i))).isEqualTo(i / 20 != 1);
            }
        }
    }
}
