package io.tokenwise.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ConversionsTest extends KernelTest {
    private static final int INDEX = 2;
    private static final int SLOT = 1;

    private static MemorySegment bytes(long count) {
        return Arena.ofAuto().allocate(count, 64);
    }

    private static float[] array(double[] values) {
        float[] array = new float[values.length];
        for (int i = 0; i < array.length; i++) {
            array[i] = (float) values[i];
        }
        return array;
    }

    /** Two values before the row. */
    private Floats row(double[] values) {
        Floats row = zeros(values.length + INDEX);
        for (int i = 0; i < values.length; i++) {
            row.set(INDEX + i, (float) values[i]);
        }
        return row;
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void quantizedValuesAreWithinHalfAStep(int count) {
        double[] values = normal(count);
        for (Kernels set : both()) {
            for (boolean gelu : new boolean[] {false, true}) {
                MemorySegment target = bytes(count);
                float[] scales = new float[4];
                if (gelu) {
                    set.conversions().quantizeGelu(row(values), INDEX, count, target, 0, scales, SLOT);
                } else {
                    set.conversions().quantize(row(values), INDEX, count, target, 0, scales, SLOT);
                }
                float scale = scales[2 * SLOT];
                for (int i = 0; i < count; i++) {
                    int q = Byte.toUnsignedInt(target.get(ValueLayout.JAVA_BYTE, i));
                    double expected = gelu ? Reference.gelu(values[i]) : values[i];
                    assertThat(q * (double) scale + scales[2 * SLOT + 1])
                            .as("%s: value %d of %d", set.name(), i, count)
                            .isCloseTo(expected, within(scale * 0.5001 + 2e-6));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void vectorsHaveTheBitsOfTheirScalarTwins(int count) {
        double[] values = normal(count);
        var columns = new Conversions.Columns(array(normal(count)), array(normal(count)));
        Floats bias = floats(normal(count));
        Floats residual = row(normal(count));
        MemorySegment sums = bytes(4L * count);
        for (int i = 0; i < count; i++) {
            sums.set(ValueLayout.JAVA_INT, 4L * i, random.nextInt(-50_000_000, 50_000_000));
        }
        MemorySegment[] narrow = new MemorySegment[2];
        double[][] results = new double[2][];
        float[][] scales = new float[2][8];
        int which = 0;
        for (Kernels set : both()) {
            Conversions ops = set.conversions();
            long part = (count + 63L) / 64 * 64;
            MemorySegment target = bytes(4 * part);
            Floats x = row(values);
            ops.quantize(x, INDEX, count, target, 0, scales[which], SLOT);
            ops.quantizeGelu(x, INDEX, count, target, part, scales[which], SLOT + 1);
            ops.toBfloat16(x, INDEX, count, target, 2 * part);
            ops.dequantize(sums, 0, count, 0.003f, -1.7f, columns, bias, x, INDEX);
            ops.add(x, INDEX, residual, INDEX, count, x, INDEX);
            results[which] = doubles(x, INDEX + count);
            narrow[which++] = target;
        }
        assertThat(results[0]).isEqualTo(results[1]);
        assertThat(scales[0]).isEqualTo(scales[1]);
        assertThat(narrow[0].mismatch(narrow[1])).isEqualTo(-1);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void sumsPlusResidualHaveTheBitsOfBothSteps(int count) {
        var columns = new Conversions.Columns(array(normal(count)), array(normal(count)));
        Floats bias = floats(normal(count));
        Floats residual = row(normal(count));
        MemorySegment sums = bytes(4L * count + 8);
        for (int i = 0; i < count + 2; i++) {
            sums.set(ValueLayout.JAVA_INT, 4L * i, random.nextInt(-50_000_000, 50_000_000));
        }
        for (Kernels set : both()) {
            Conversions ops = set.conversions();
            Floats expected = zeros(count);
            ops.dequantize(sums, 8, count, 0.003f, -1.7f, columns, bias, expected, 0);
            ops.add(expected, 0, residual, INDEX, count, expected, 0);
            Floats found = zeros(count + 1);
            MemorySegment lost = bytes(4L * count + 8).copyFrom(sums);
            ops.dequantizePlus(lost, 8, count, 0.003f, -1.7f, columns, bias, residual, INDEX, found, 1);
            for (int i = 0; i < count; i++) {
                assertThat(found.get(1 + i)).as("%s, value %d", set.name(), i).isEqualTo(expected.get(i));
            }
        }
    }

    /** Of the larger sums, most gates are where an exponential's argument is cut, on either side. */
    static Stream<Arguments> gates() {
        return Conversions.GATES.stream()
                .flatMap(activation ->
                        IntStream.of(2_000, 50_000, 50_000_000).mapToObj(most -> Arguments.of(activation, most)));
    }

    @ParameterizedTest
    @MethodSource("gates")
    void gatedSumsHaveTheBitsOfSumsThatAreGatedAfterwards(Activation activation, int most) {
        for (int units : new int[] {1, 7, 16, 33, 384}) {
            var columns = new Conversions.Columns(array(normal(2 * units)), array(normal(2 * units)));
            Floats bias = floats(normal(2 * units));
            MemorySegment sums = bytes(4L * (2 * units + 3));
            for (int i = 0; i < 2 * units + 3; i++) {
                sums.set(ValueLayout.JAVA_INT, 4L * i, random.nextInt(-most, most));
            }
            for (Kernels set : both()) {
                Floats wide = zeros(2 * units);
                set.conversions().dequantize(sums, 12, 2 * units, 0.003f, -1.7f, columns, bias, wide, 0);
                Floats expected = zeros(units);
                set.gates().gated(wide, expected, activation, units, 0, 1);
                Floats found = zeros(units + INDEX);
                set.conversions()
                        .dequantizeGated(sums, 12, units, 0.003f, -1.7f, columns, bias, activation, found, INDEX);
                for (int i = 0; i < units; i++) {
                    assertThat(found.get(INDEX + i))
                            .as("%s, unit %d of %d", set.name(), i, units)
                            .isEqualTo(expected.get(i));
                }
            }
        }
    }

    @Test
    void geluOfSumsHasTheBitsOfSumsThatAreNarrowedAfterwards() {
        for (int count : new int[] {1, 7, 16, 33, 384}) {
            for (int most : new int[] {2_000, 50_000, 50_000_000}) {
                var columns = new Conversions.Columns(array(normal(count)), array(normal(count)));
                Floats bias = floats(normal(count));
                MemorySegment sums = bytes(4L * (count + 3));
                for (int i = 0; i < count + 3; i++) {
                    sums.set(ValueLayout.JAVA_INT, 4L * i, random.nextInt(-most, most));
                }
                for (Kernels set : both()) {
                    Floats wide = zeros(count);
                    MemorySegment expected = bytes(count + 5);
                    MemorySegment found = bytes(count + 5);
                    float[] expectedScales = new float[4];
                    float[] foundScales = new float[4];
                    set.conversions().dequantize(sums, 12, count, 0.003f, -1.7f, columns, bias, wide, 0);
                    set.conversions().quantizeGelu(wide, 0, count, expected, 5, expectedScales, SLOT);
                    Floats row = zeros(count);
                    set.conversions()
                            .quantizeGelu(
                                    sums, 12, count, 0.003f, -1.7f, columns, bias, row, found, 5, foundScales, SLOT);
                    assertThat(foundScales).as("%s, %d", set.name(), count).isEqualTo(expectedScales);
                    assertThat(found.mismatch(expected))
                            .as("%s, %d", set.name(), count)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void dequantizedSumsAreTheProductOfWhatTheBytesMean() {
        int count = 33;
        double[] columnScales = normal(count);
        double[] columnSums = normal(count);
        double[] bias = normal(count);
        for (Kernels set : both()) {
            MemorySegment sums = bytes(4L * count);
            Floats y = zeros(count);
            var columns = new Conversions.Columns(array(columnScales), array(columnSums));
            for (int i = 0; i < count; i++) {
                sums.set(ValueLayout.JAVA_INT, 4L * i, 1000 * i - 7);
            }
            set.conversions().dequantize(sums, 0, count, 0.25f, -3, columns, floats(bias), y, 0);
            for (int i = 0; i < count; i++) {
                double expected = (1000 * i - 7) * 0.25 * columnScales[i] - 3 * columnSums[i] + bias[i];
                assertThat((double) y.get(i)).isCloseTo(expected, within(1e-6 * (1 + Math.abs(expected))));
            }
        }
    }

    @Test
    void bfloat16IsTheNearestValue() {
        double[] values = {
            0,
            -0.0,
            1,
            1 + 0x1p-8,
            1 + 3 * 0x1p-8,
            1 + 0x1p-8 + 0x1p-20,
            3e38f,
            Float.MAX_VALUE,
            Double.NEGATIVE_INFINITY,
            Double.NaN,
            -1.5,
            1e-40,
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
            MemorySegment target = bytes(2L * values.length);
            set.conversions().toBfloat16(row(values), INDEX, values.length, target, 0);
            for (int i = 0; i < values.length; i++) {
                int bits = Short.toUnsignedInt(target.get(ValueLayout.JAVA_SHORT, 2L * i));
                assertThat(bits).as("%s: %s", set.name(), values[i]).isEqualTo(expected[i]);
            }
        }
    }

    @Test
    void rowsOfEqualValuesAreExactAndInfinitiesAndNaNsAreNotHidden() {
        for (Kernels set : both()) {
            float[] scales = new float[2];
            MemorySegment target = bytes(40);
            set.conversions().quantize(filled(40, 2.5f), 0, 40, target, 0, scales, 0);
            assertThat(scales).containsExactly(0, 2.5f);
            Floats wild = floats(normal(40));
            wild.set(20, Float.POSITIVE_INFINITY);
            set.conversions().quantize(wild, 0, 40, target, 0, scales, 0);
            assertThat(scales[0]).isInfinite();
            for (int place : new int[] {5, 38}) {
                for (int sign : new int[] {0, Integer.MIN_VALUE}) {
                    wild = floats(normal(39));
                    wild.set(place, Float.intBitsToFloat(Float.floatToRawIntBits(Float.NaN) | sign));
                    set.conversions().quantize(wild, 0, 39, target, 0, scales, 0);
                    assertThat(scales[0])
                            .as("%s: a NaN at %d", set.name(), place)
                            .isNaN();
                    set.conversions().quantizeGelu(wild, 0, 39, target, 0, scales, 0);
                    assertThat(scales[0])
                            .as("%s: gelu of a NaN at %d", set.name(), place)
                            .isNaN();
                }
            }
        }
    }
}
