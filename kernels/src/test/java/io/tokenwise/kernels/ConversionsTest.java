package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConversionsTest extends KernelTest {
    private static final int INDEX = 1;

    private static MemorySegment bytes(long count) {
        return Arena.ofAuto().allocate(count, 64);
    }

    private static float[] row(double[] values) {
        float[] row = new float[values.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) values[i];
        }
        return row;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void quantizedValuesAreWithinHalfAStep(int count) {
        float[] row = row(normal(count));
        for (Kernels set : both()) {
            MemorySegment target = bytes(count);
            float[] scales = new float[4];
            set.conversions().quantize(row, count, target, 0, scales, INDEX);
            float scale = scales[2 * INDEX];
            for (int i = 0; i < count; i++) {
                int q = Byte.toUnsignedInt(target.get(ValueLayout.JAVA_BYTE, i));
                double value = q * (double) scale + scales[2 * INDEX + 1];
                assertThat(value)
                        .as("%s: value %d of %d", set.name(), i, count)
                        .isCloseTo(row[i], within(scale * 0.5001 + 1e-6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void vectorsHaveTheBitsOfTheirScalarTwins(int count) {
        float[] row = row(normal(count));
        float[] columnScales = row(normal(count));
        float[] columnSums = row(normal(count));
        Floats x = floats(normal(count));
        MemorySegment sums = bytes(4L * count);
        for (int i = 0; i < count; i++) {
            sums.set(ValueLayout.JAVA_INT, 4L * i, random.nextInt(-50_000_000, 50_000_000));
        }
        MemorySegment[] narrow = new MemorySegment[2];
        float[][] rows = new float[2][];
        int which = 0;
        for (Kernels set : both()) {
            Conversions ops = set.conversions();
            MemorySegment target = bytes(3L * count + 64);
            float[] scales = new float[4];
            ops.quantize(row, count, target, 0, scales, INDEX);
            ops.toBfloat16(row, count, target, (count + 63L) / 64 * 64);
            float[] result = new float[count + 2];
            ops.dequantize(sums, 0, count, 0.003f, -1.7f, columnScales, columnSums, result);
            ops.add(x, 0, count, result);
            ops.gelu(result, count);
            result[count] = scales[2 * INDEX];
            result[count + 1] = scales[2 * INDEX + 1];
            narrow[which] = target;
            rows[which++] = result;
        }
        assertThat(rows[0]).isEqualTo(rows[1]);
        assertThat(narrow[0].mismatch(narrow[1])).isEqualTo(-1);
    }

    @Test
    void dequantizedSumsAreTheProductOfWhatTheBytesMean() {
        int count = 33;
        double[] columnScales = normal(count);
        double[] columnSums = normal(count);
        for (Kernels set : both()) {
            MemorySegment sums = bytes(4L * count);
            double[] expected = new double[count];
            for (int i = 0; i < count; i++) {
                sums.set(ValueLayout.JAVA_INT, 4L * i, 1000 * i - 7);
                expected[i] = (1000 * i - 7) * 0.25 * columnScales[i] - 3 * columnSums[i];
            }
            float[] result = new float[count];
            set.conversions().dequantize(sums, 0, count, 0.25f, -3, row(columnScales), row(columnSums), result);
            for (int i = 0; i < count; i++) {
                assertThat((double) result[i]).isCloseTo(expected[i], within(1e-6 * (1 + Math.abs(expected[i]))));
            }
        }
    }

    @Test
    void bfloat16IsTheNearestValue() {
        float[] row = {
            0,
            -0f,
            1,
            1 + 0x1p-8f,
            1 + 3 * 0x1p-8f,
            1 + 0x1p-8f + 0x1p-20f,
            3e38f,
            Float.MAX_VALUE,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            -1.5f,
            1e-40f,
            7,
            8,
            9,
            10,
            11
        };
        int[] expected = {
            0, 0x8000, 0x3f80, 0x3f80, 0x3f82, 0x3f81, 0x7f62, 0x7f80, 0xff80, 0x7fc0, 0xbfc0, 1, 0x40e0, 0x4100,
            0x4110, 0x4120, 0x4130
        };
        for (Kernels set : both()) {
            MemorySegment target = bytes(2L * row.length);
            set.conversions().toBfloat16(row, row.length, target, 0);
            for (int i = 0; i < row.length; i++) {
                int bits = Short.toUnsignedInt(target.get(ValueLayout.JAVA_SHORT, 2L * i));
                assertThat(bits).as("%s: %s", set.name(), row[i]).isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void rowsOfEqualValuesAreExactAndInfinitiesAreNotHidden() {
        for (Kernels set : both()) {
            float[] scales = new float[2];
            MemorySegment target = bytes(40);
            set.conversions().quantize(row(filledWith(40, 2.5)), 40, target, 0, scales, 0);
            assertThat(scales).containsExactly(0, 2.5f);
            float[] wild = row(normal(40));
            wild[20] = Float.POSITIVE_INFINITY;
            set.conversions().quantize(wild, 40, target, 0, scales, 0);
            assertThat(scales[0]).isInfinite();
        }
    }

    private static double[] filledWith(int count, double value) {
        double[] values = new double[count];
        Arrays.fill(values, value);
        return values;
    }
}
