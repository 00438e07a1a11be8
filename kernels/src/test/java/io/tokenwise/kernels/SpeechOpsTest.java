package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SpeechOpsTest extends KernelTest {
    private static final int[] OFFSETS = {0, 9, 10, 33};
    private static final int SEQUENCES = OFFSETS.length - 1;

    /** A row within the last sequence, where a second task may begin. */
    private static final int MIDDLE = 21;

    private static final int TOKENS = OFFSETS[SEQUENCES];

    private final Scratch scratch = new Scratch();

    @Test
    void windowsAreRowsOneAfterTheOther() {
        int columns = 3;
        int width = 4;
        int step = 2;
        int[] offsets = {0, 9, 13};
        int[] windows = {0, 3, 4};
        double[] x = normal(13 * columns);
        double[] expected = new double[4 * width * columns];
        for (int r = 0; r < 4; r++) {
            int first = r < 3 ? r * step : 9;
            System.arraycopy(x, first * columns, expected, r * width * columns, width * columns);
        }
        for (Kernels set : both()) {
            Floats y = zeros(expected.length);
            set.speech().windows(floats(x), offsets, columns, width, step, y, windows, 0, 1);
            set.speech().windows(floats(x), offsets, columns, width, step, y, windows, 1, 2);
            assertSameBits(set.name(), y, floats(expected), expected.length);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void groupNormIsOverAllValuesOfASequence(int columns) {
        double[] x = IntStream.range(0, TOKENS * columns)
                .mapToDouble(i -> (float) (3 + random.nextGaussian()))
                .toArray();
        double[] gamma = normal(columns);
        double[] beta = normal(columns);
        double epsilon = 1e-5f;
        double[] expected = new double[x.length];
        for (int s = 0; s < SEQUENCES; s++) {
            int begin = OFFSETS[s] * columns;
            int end = OFFSETS[s + 1] * columns;
            double mean =
                    IntStream.range(begin, end).mapToDouble(i -> x[i]).average().orElseThrow();
            double variance = IntStream.range(begin, end)
                    .mapToDouble(i -> (x[i] - mean) * (x[i] - mean))
                    .average()
                    .orElseThrow();
            for (int i = begin; i < end; i++) {
                expected[i] = (x[i] - mean) / Math.sqrt(variance + epsilon) * gamma[i % columns] + beta[i % columns];
            }
        }
        // A single value minus its mean is the mean's rounding, which the tiny deviation blows up.
        double scale = columns == 1 ? 1 / Math.sqrt(epsilon) : 8;
        for (Kernels set : both()) {
            Floats y = floats(x);
            for (int s = 0; s < SEQUENCES; s++) {
                set.speech().groupNorm(y, OFFSETS, floats(gamma), floats(beta), (float) epsilon, y, columns, s, s + 1);
            }
            assertClose(set.name(), y, expected, columns, scale);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void windowsGiveTheirGradientsBack(int columns) {
        int width = 3;
        int step = 2;
        int[] windows = {0, 4, 4, 15};
        int[] offsets = {0, 10, 12, 35};
        double[] dy = normal(15 * width * columns);
        double[] expected = new double[35 * columns];
        for (int s = 0; s < 3; s++) {
            for (int r = windows[s]; r < windows[s + 1]; r++) {
                for (int c = 0; c < width * columns; c++) {
                    expected[(offsets[s] + (r - windows[s]) * step) * columns + c] += dy[r * width * columns + c];
                }
            }
        }
        Floats[] found = new Floats[2];
        for (int i = 0; i < 2; i++) {
            found[i] = filled(expected.length, 7);
            SpeechOps ops = both().get(i).speech();
            ops.windowsBackward(floats(dy), windows, columns, width, step, found[i], offsets, 0, 1);
            ops.windowsBackward(floats(dy), windows, columns, width, step, found[i], offsets, 1, 3);
            assertClose(both().get(i).name(), found[i], expected, 2, 1);
        }
        assertSameBits("twins", found[0], found[1], expected.length);
    }

    /** Far from 0, as long as sound is: a float's sum one value after the other would be off by hundreds of roundoffs. */
    @ParameterizedTest
    @MethodSource("channels")
    void channelNormIsOverEachColumnOfASequence(int rows, int columns) {
        int[] offsets = {0, rows, rows + 1, rows + 7};
        double[] x = IntStream.range(0, (rows + 7) * columns)
                .mapToDouble(i -> (float) (3 + random.nextGaussian()))
                .toArray();
        double[] gamma = normal(columns);
        double[] beta = normal(columns);
        double[] expected = new double[x.length];
        for (int s = 0; s < 3; s++) {
            for (int c = 0; c < columns; c++) {
                int column = c;
                int count = offsets[s + 1] - offsets[s];
                int first = offsets[s] * columns;
                double mean = IntStream.range(0, count)
                        .mapToDouble(r -> x[first + r * columns + column])
                        .average()
                        .orElseThrow();
                double variance = IntStream.range(0, count)
                        .mapToDouble(r -> Math.pow(x[first + r * columns + column] - mean, 2))
                        .average()
                        .orElseThrow();
                for (int r = 0; r < count; r++) {
                    int at = first + r * columns + c;
                    expected[at] = (x[at] - mean) / Math.sqrt(variance + 1e-5f) * gamma[c] + beta[c];
                }
            }
        }
        Floats[] found = new Floats[2];
        for (int i = 0; i < 2; i++) {
            found[i] = floats(x);
            SpeechOps ops = both().get(i).speech();
            int cut = columns / 3;
            ops.channelNorm(found[i], offsets, 3, floats(gamma), floats(beta), 1e-5f, found[i], columns, 0, cut);
            ops.channelNorm(found[i], offsets, 3, floats(gamma), floats(beta), 1e-5f, found[i], columns, cut, columns);
            assertClose(both().get(i).name(), found[i], expected, 1, 8);
        }
        assertSameBits("twins", found[0], found[1], x.length);
    }

    static Stream<Arguments> channels() {
        return Stream.concat(
                sizes().filter(columns -> columns < 100).mapToObj(columns -> Arguments.of(20, columns)),
                Stream.of(Arguments.of(50_000, 1), Arguments.of(50_000, 17)));
    }

    static Stream<Arguments> padded() {
        return Stream.of(
                Arguments.of(1, 1, 1),
                Arguments.of(1, 4, 5),
                Arguments.of(3, 3, 17),
                Arguments.of(2, 7, 16),
                Arguments.of(5, 40, 3),
                Arguments.of(48, 16, 33));
    }

    /** A window of an even width has one row more before its own than behind it, as PyTorch's convolution without its last result. */
    @ParameterizedTest
    @MethodSource("padded")
    void paddedWindowsAreZeroOutsideOfTheirSequence(int count, int width, int first) {
        int columns = first + count + 2;
        double[] x = normal(TOKENS * columns);
        double[] expected = new double[TOKENS * width * count];
        double[] dy = normal(expected.length);
        double[] gradient = new double[x.length];
        Arrays.fill(gradient, 7);
        for (int r = 0; r < TOKENS; r++) {
            for (int c = 0; c < count; c++) {
                gradient[r * columns + first + c] = 0;
            }
        }
        for (int s = 0; s < SEQUENCES; s++) {
            for (int r = OFFSETS[s]; r < OFFSETS[s + 1]; r++) {
                for (int i = 0; i < width * count; i++) {
                    int row = r - width / 2 + i / count;
                    if (row >= OFFSETS[s] && row < OFFSETS[s + 1]) {
                        int at = row * columns + first + i % count;
                        expected[r * width * count + i] = x[at];
                        gradient[at] += dy[r * width * count + i];
                    }
                }
            }
        }
        Floats[] found = new Floats[2];
        for (int i = 0; i < 2; i++) {
            SpeechOps ops = both().get(i).speech();
            Floats y = filled(expected.length, 7);
            ops.paddedWindows(floats(x), OFFSETS, columns, first, count, width, y, 0, 10);
            ops.paddedWindows(floats(x), OFFSETS, columns, first, count, width, y, 10, TOKENS);
            assertSameBits(both().get(i).name(), y, floats(expected), expected.length);
            found[i] = filled(x.length, 7);
            ops.paddedWindowsBackward(floats(dy), OFFSETS, columns, first, count, width, found[i], 0, 11);
            ops.paddedWindowsBackward(floats(dy), OFFSETS, columns, first, count, width, found[i], 11, TOKENS);
            assertClose(both().get(i).name(), found[i], gradient, width, 1);
        }
        assertSameBits("twins", found[0], found[1], x.length);
    }

    @Test
    void copiedColumnsStandElsewhere() {
        for (Kernels set : both()) {
            Floats y = zeros(12);
            set.speech().copyColumns(floats(new double[] {1, 2, 3, 4, 5, 6}), 3, 1, y, 6, 4, 2, 1, 2);
            assertSameBits(set.name(), y, floats(new double[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 6}), 12);
        }
    }

    static Stream<Arguments> heads() {
        return Stream.of(
                Arguments.of(2, 2),
                Arguments.of(7, 4),
                Arguments.of(36, 32),
                Arguments.of(52, 32),
                Arguments.of(24, 22));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void rotationTurnsPairsByTheirTokensAngles(int headSize, int rotated) {
        int heads = 2;
        int columns = 3 * headSize + 1;
        int position = 5;
        double[] x = normal(TOKENS * columns);
        float[] cosines = new float[(TOKENS + position) * rotated];
        float[] sines = new float[cosines.length];
        double[] expected = x.clone();
        for (int p = 0; p < TOKENS + position; p++) {
            for (int c = 0; c < rotated; c++) {
                double angle = p / Math.pow(100, (double) (c / 2) / rotated);
                cosines[p * rotated + c] = (float) Math.cos(angle);
                sines[p * rotated + c] = (float) (c % 2 == 0 ? -Math.sin(angle) : Math.sin(angle));
            }
        }
        for (int s = 0; s < SEQUENCES; s++) {
            for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                for (int h = 0; h < heads; h++) {
                    for (int c = 0; c < rotated; c += 2) {
                        int at = t * columns + h * headSize + c;
                        int angle = (t - OFFSETS[s] + position) * rotated + c;
                        expected[at] = x[at] * cosines[angle] - x[at + 1] * sines[angle + 1];
                        expected[at + 1] = x[at + 1] * cosines[angle] + x[at] * sines[angle + 1];
                    }
                }
            }
        }
        Floats twin = floats(x);
        Kernels.scalar()
                .speech()
                .rotate(twin, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, 0, TOKENS);
        Floats y = floats(x);
        tested.speech()
                .rotate(y, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, 0, MIDDLE);
        tested.speech()
                .rotate(y, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, MIDDLE, TOKENS);
        assertClose("rotated", y, expected, 2, 4);
        assertSameBits("rotated", y, twin, x.length);
    }

    static Stream<Arguments> halves() {
        return Stream.concat(heads(), Stream.of(Arguments.of(64, 64), Arguments.of(80, 60), Arguments.of(256, 256)));
    }

    @ParameterizedTest
    @MethodSource("halves")
    void halvesTurnAgainstEachOther(int headSize, int rotated) {
        int heads = 2;
        int half = rotated / 2;
        int columns = 3 * headSize + 1;
        int position = 5;
        double[] x = normal(TOKENS * columns);
        float[] cosines = new float[(TOKENS + position) * rotated];
        float[] sines = new float[cosines.length];
        double[] expected = x.clone();
        for (int i = 0; i < cosines.length; i++) {
            int c = i % rotated;
            double angle = i / rotated / Math.pow(100, (double) (c % half) / half);
            cosines[i] = (float) Math.cos(angle);
            sines[i] = (float) (c < half ? -Math.sin(angle) : Math.sin(angle));
        }
        for (int s = 0; s < SEQUENCES; s++) {
            for (int t = OFFSETS[s]; t < OFFSETS[s + 1]; t++) {
                for (int i = 0; i < heads * half; i++) {
                    int at = t * columns + i / half * headSize + i % half;
                    double angle = (t - OFFSETS[s] + position) / Math.pow(100, (double) (i % half) / half);
                    expected[at] = x[at] * Math.cos(angle) - x[at + half] * Math.sin(angle);
                    expected[at + half] = x[at + half] * Math.cos(angle) + x[at] * Math.sin(angle);
                }
            }
        }
        SpeechOps scalar = Kernels.scalar().speech();
        Floats twin = floats(x);
        scalar.rotateHalves(
                twin, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, 0, TOKENS);
        Floats y = floats(x);
        SpeechOps ops = tested.speech();
        ops.rotateHalves(y, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, 0, MIDDLE);
        ops.rotateHalves(y, columns, OFFSETS, position, null, cosines, sines, heads, headSize, rotated, MIDDLE, TOKENS);
        assertClose("rotated", y, expected, 2, 4);
        assertSameBits("rotated", y, twin, x.length);
    }

    /** Rows that stayed of longer sequences are turned as they were in them. */
    @ParameterizedTest
    @MethodSource("halves")
    void rowsWithPlacesTurnAsInTheirWholeSequence(int headSize, int rotated) {
        int columns = 2 * headSize;
        double[] angles = normal(3 * TOKENS * rotated);
        float[] cosines = new float[angles.length];
        float[] sines = new float[angles.length];
        for (int i = 0; i < angles.length; i++) {
            cosines[i] = (float) Math.cos(angles[i]);
            sines[i] = (float) Math.sin(angles[i]);
        }
        int[] places = IntStream.range(0, TOKENS).map(i -> 2 * i + i / 3).toArray();
        double[] x = normal(TOKENS * columns);
        double[] whole = new double[3 * TOKENS * columns];
        for (int t = 0; t < TOKENS; t++) {
            System.arraycopy(x, t * columns, whole, places[t] * columns, columns);
        }
        int[] one = {0, 3 * TOKENS};
        for (Kernels set : both()) {
            for (boolean halves : new boolean[] {false, true}) {
                Floats y = floats(x);
                Floats all = floats(whole);
                SpeechOps ops = set.speech();
                if (halves) {
                    ops.rotateHalves(y, columns, OFFSETS, 0, places, cosines, sines, 2, headSize, rotated, 0, TOKENS);
                    ops.rotateHalves(all, columns, one, 0, null, cosines, sines, 2, headSize, rotated, 0, 3 * TOKENS);
                } else {
                    ops.rotate(y, columns, OFFSETS, 0, places, cosines, sines, 2, headSize, rotated, 0, TOKENS);
                    ops.rotate(all, columns, one, 0, null, cosines, sines, 2, headSize, rotated, 0, 3 * TOKENS);
                }
                for (int t = 0; t < TOKENS; t++) {
                    for (int c = 0; c < columns; c++) {
                        assertThat(y.get(t * columns + c)).isEqualTo(all.get(places[t] * columns + c));
                    }
                }
            }
        }
    }

    static Stream<Arguments> attended() {
        return sizes().filter(length -> length < 100)
                .boxed()
                .flatMap(length -> Stream.of(1, 7, 32, 36, 52).map(size -> Arguments.of(length, size)));
    }

    /** Kept in two parts, as a decoder does, and compared with attention on whole sequences. */
    @ParameterizedTest
    @MethodSource("attended")
    void attentionOfOneQueryIsTheLastRowOfAttention(int length, int headSize) {
        int heads = 3;
        int width = heads * headSize;
        int stride = (length + SpeechOps.STEP) / SpeechOps.STEP * SpeechOps.STEP;
        double[] qkv = normal(length * 3 * width);
        float scale = (float) (1 / Math.sqrt(headSize));
        double[] all = Reference.attention(qkv, new int[] {0, length}, heads, headSize, scale);
        double[] expected = new double[width];
        System.arraycopy(all, (length - 1) * width, expected, 0, width);
        double[] query = new double[width];
        System.arraycopy(qkv, (length - 1) * 3 * width, query, 0, width);
        for (Kernels set : both()) {
            Floats cache = filled(2 * width * stride, 3e4f);
            int before = length / 2;
            double[] rest = Arrays.copyOfRange(qkv, before * 3 * width, qkv.length);
            SpeechOps ops = set.speech();
            ops.toColumns(floats(qkv), before, 3 * width, width, cache, 2 * width, stride, 0);
            ops.toColumns(floats(rest), length - before, 3 * width, width, cache, 2 * width, stride, before);
            var values = new Floats(cache.segment(), cache.at((long) width * stride));
            Floats context = zeros(width);
            ops.attendOne(floats(query), cache, values, stride, length, headSize, scale, context, 0, 1, scratch);
            ops.attendOne(floats(query), cache, values, stride, length, headSize, scale, context, 1, heads, scratch);
            assertClose(set.name(), context, expected, length + headSize, 4);
        }
    }
}
