package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.NE;
import static jdk.incubator.vector.VectorOperators.XOR;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link ScalarConversions} on vectors, bit for bit. Only for vectors of at least 256 bits: of four floats there is no vector of bytes. */
final class VectorConversions implements Conversions {
    static final int LEAST_BITS = 256;

    private static final VectorSpecies<Integer> I = F.vectorShape().withLanes(int.class);
    private static final VectorSpecies<Byte> B = VectorSpecies.of(byte.class, VectorShape.forBitSize(8 * LANES));
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));
    private static final FloatVector ROUND = FloatVector.broadcast(F, ScalarMath.ROUND);

    private final int steps;

    VectorConversions() {
        this(ScalarConversions.STEPS);
    }

    private VectorConversions(int steps) {
        this.steps = steps;
    }

    @Override
    public Conversions withSteps(int newSteps) {
        return new VectorConversions(newSteps);
    }

    /**
     * Compares floats as integers of the same order: a step of one cycle from one vector to the next instead of seven, and a NaN is the largest
     * or the least of all, so that it shows in the scale.
     */
    @Override
    public void quantize(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot) {
        int whole = F.loopBound(count);
        MemorySegment memory = x.segment();
        long from = x.at(index);
        IntVector low = IntVector.broadcast(I, Integer.MAX_VALUE);
        IntVector high = IntVector.broadcast(I, Integer.MIN_VALUE);
        for (int i = 0; i < whole; i += LANES) {
            IntVector bits = IntVector.fromMemorySegment(I, memory, from + (long) i * Float.BYTES, ORDER);
            IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
            low = low.min(ordered);
            high = high.max(ordered);
        }
        float least = whole == 0 ? Float.POSITIVE_INFINITY : fromOrdered(low.reduceLanes(MIN));
        float largest = whole == 0 ? Float.NEGATIVE_INFINITY : fromOrdered(high.reduceLanes(MAX));
        quantize(x, index, whole, count, least, largest, target, at, scales, slot);
    }

    private static float fromOrdered(int bits) {
        return Float.intBitsToFloat(bits ^ (bits >> 31 & Integer.MAX_VALUE));
    }

    @Override
    public void quantizeGelu(Floats x, long index, int count, MemorySegment target, long at, float[] scales, int slot) {
        int whole = F.loopBound(count);
        MemorySegment memory = x.segment();
        long from = x.at(index);
        IntVector low = IntVector.broadcast(I, Integer.MAX_VALUE);
        IntVector high = IntVector.broadcast(I, Integer.MIN_VALUE);
        for (int i = 0; i < whole; i += LANES) {
            long place = from + (long) i * Float.BYTES;
            FloatVector value = VectorMath.gelu(FloatVector.fromMemorySegment(F, memory, place, ORDER));
            value.intoMemorySegment(memory, place, ORDER);
            IntVector bits = value.reinterpretAsInts();
            IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
            low = low.min(ordered);
            high = high.max(ordered);
        }
        float least = whole == 0 ? Float.POSITIVE_INFINITY : fromOrdered(low.reduceLanes(MIN));
        float largest = whole == 0 ? Float.NEGATIVE_INFINITY : fromOrdered(high.reduceLanes(MAX));
        for (int i = whole; i < count; i++) {
            x.set(index + i, ScalarMath.gelu(x.get(index + i)));
        }
        quantize(x, index, whole, count, least, largest, target, at, scales, slot);
    }

    /**
     * {@link VectorMath#gelu(FloatVector)} is written out, with its constants made before the loop: in static fields they are memory, which C2 reads again in each turn of
     * a loop that stores floats.
     */
    @Override
    public void quantizeGelu(
            MemorySegment sums,
            long sumsAt,
            int count,
            float scale,
            float shift,
            Columns columns,
            Floats bias,
            Floats row,
            MemorySegment target,
            long at,
            float[] scales,
            int slot) {
        int whole = F.loopBound(count);
        float[] columnScales = columns.scales();
        float[] columnSums = columns.sums();
        MemorySegment from = Floats.exactlyNative(sums);
        MemorySegment biasMemory = bias.segment();
        long biasAt = bias.offset();
        MemorySegment to = row.segment();
        long toAt = row.offset();
        FloatVector shifts = FloatVector.broadcast(F, shift);
        IntVector tailLargest =
                FloatVector.broadcast(F, ScalarMath.TAIL_LARGEST).reinterpretAsInts();
        FloatVector c0 = FloatVector.broadcast(F, ScalarMath.TAIL_0);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.TAIL_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.TAIL_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.TAIL_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.TAIL_4);
        FloatVector c5 = FloatVector.broadcast(F, ScalarMath.TAIL_5);
        FloatVector c6 = FloatVector.broadcast(F, ScalarMath.TAIL_6);
        FloatVector c7 = FloatVector.broadcast(F, ScalarMath.TAIL_7);
        FloatVector c8 = FloatVector.broadcast(F, ScalarMath.TAIL_8);
        IntVector low = IntVector.broadcast(I, Integer.MAX_VALUE);
        IntVector high = IntVector.broadcast(I, Integer.MIN_VALUE);
        for (int i = 0; i < whole; i += LANES) {
            long place = (long) i * Float.BYTES;
            FloatVector sum = (FloatVector)
                    IntVector.fromMemorySegment(I, from, sumsAt + place, ORDER).convert(I2F, 0);
            IntVector x = sum.mul(scale)
                    .fma(
                            FloatVector.fromArray(F, columnScales, i),
                            FloatVector.fromArray(F, columnSums, i)
                                    .fma(shifts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + place, ORDER)))
                    .reinterpretAsInts();
            FloatVector u = x.and(Integer.MAX_VALUE).min(tailLargest).reinterpretAsFloats();
            FloatVector p = c8.fma(u, c7).fma(u, c6).fma(u, c5).fma(u, c4);
            p = p.fma(u, c3).fma(u, c2).fma(u, c1).fma(u, c0);
            p = p.mul(p);
            p = p.mul(p);
            FloatVector minus = x.or(Integer.MIN_VALUE).reinterpretAsFloats();
            FloatVector value = p.mul(p).fma(minus, x.max(0).reinterpretAsFloats());
            value.intoMemorySegment(to, toAt + place, ORDER);
            IntVector bits = value.reinterpretAsInts();
            IntVector ordered = bits.lanewise(ASHR, 31).and(Integer.MAX_VALUE).lanewise(XOR, bits);
            low = low.min(ordered);
            high = high.max(ordered);
        }
        float least = whole == 0 ? Float.POSITIVE_INFINITY : fromOrdered(low.reduceLanes(MIN));
        float largest = whole == 0 ? Float.NEGATIVE_INFINITY : fromOrdered(high.reduceLanes(MAX));
        ScalarConversions.dequantize(sums, sumsAt, whole, count, scale, shift, columns, bias, row, 0);
        for (int i = whole; i < count; i++) {
            row.set(i, ScalarMath.gelu(row.get(i)));
        }
        quantize(row, 0, whole, count, least, largest, target, at, scales, slot);
    }

    /** The rest: least and largest are those of the first {@code whole} values, a multiple of the lanes. */
    private void quantize(
            Floats x,
            long index,
            int whole,
            int count,
            float least,
            float largest,
            MemorySegment target,
            long at,
            float[] scales,
            int slot) {
        for (int i = whole; i < count; i++) {
            least = Math.min(least, x.get(index + i));
            largest = Math.max(largest, x.get(index + i));
        }
        float factor = ScalarConversions.factor(least, largest, steps);
        toBytes(x.segment(), x.at(index), whole, least, factor, Floats.exactlyNative(target), at);
        ScalarConversions.toBytes(x, index, whole, count, least, factor, target, at);
        ScalarConversions.setScale(least, largest, steps, scales, slot);
    }

    private static void toBytes(
            MemorySegment x, long from, int count, float least, float factor, MemorySegment target, long at) {
        FloatVector factors = FloatVector.broadcast(F, factor);
        for (int i = 0; i < count; i += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(F, x, from + (long) i * Float.BYTES, ORDER);
            FloatVector shifted = value.sub(least).fma(factors, ROUND);
            ByteVector bytes = (ByteVector) shifted.reinterpretAsInts().convertShape(I2B, B, 0);
            bytes.intoMemorySegment(target, at + i, ORDER);
        }
    }

    @Override
    public void toBfloat16(Floats x, long index, int count, MemorySegment target, long at) {
        int whole = F.loopBound(count);
        MemorySegment from = x.segment();
        long start = x.at(index);
        MemorySegment to = Floats.exactlyNative(target);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(F, from, start + (long) i * Float.BYTES, ORDER);
            IntVector bits = value.reinterpretAsInts();
            IntVector even = bits.lanewise(LSHR, 16).and(1);
            IntVector upper = bits.add(0x7fff).lanewise(ADD, even).lanewise(LSHR, 16);
            upper = upper.blend(0x7fc0, value.compare(NE, value).cast(I));
            ShortVector shorts = (ShortVector) upper.convertShape(I2S, S, 0);
            shorts.intoMemorySegment(to, at + 2L * i, ORDER);
        }
        ScalarConversions.toBfloat16(x, index, whole, count, target, at);
    }

    @Override
    public void dequantize(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats y,
            long index) {
        int whole = F.loopBound(count);
        float[] columnScales = columns.scales();
        float[] columnSums = columns.sums();
        MemorySegment from = Floats.exactlyNative(sums);
        MemorySegment biasMemory = bias.segment();
        long biasAt = bias.offset();
        MemorySegment to = y.segment();
        long toAt = y.at(index);
        FloatVector leasts = FloatVector.broadcast(F, least);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector shift = FloatVector.fromArray(F, columnSums, i)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + (long) i * Float.BYTES, ORDER));
            FloatVector sum = (FloatVector) IntVector.fromMemorySegment(I, from, at + (long) i * Integer.BYTES, ORDER)
                    .convert(I2F, 0);
            sum.mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, i), shift)
                    .intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
        ScalarConversions.dequantize(sums, at, whole, count, scale, least, columns, bias, y, index);
    }

    @Override
    public void dequantizePlus(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Floats residual,
            long residualIndex,
            Floats y,
            long index) {
        int whole = F.loopBound(count);
        float[] columnScales = columns.scales();
        float[] columnSums = columns.sums();
        MemorySegment from = Floats.exactlyNative(sums);
        MemorySegment biasMemory = bias.segment();
        long biasAt = bias.offset();
        FloatVector leasts = FloatVector.broadcast(F, least);
        for (int i = 0; i < whole; i += LANES) {
            long place = (long) i * Float.BYTES;
            FloatVector shift = FloatVector.fromArray(F, columnSums, i)
                    .fma(leasts, FloatVector.fromMemorySegment(F, biasMemory, biasAt + place, ORDER));
            FloatVector sum = (FloatVector)
                    IntVector.fromMemorySegment(I, from, at + place, ORDER).convert(I2F, 0);
            sum.mul(scale)
                    .fma(FloatVector.fromArray(F, columnScales, i), shift)
                    .intoMemorySegment(from, at + place, ORDER);
        }
        MemorySegment other = residual.segment();
        long otherAt = residual.at(residualIndex);
        MemorySegment to = y.segment();
        long toAt = y.at(index);
        for (int i = 0; i < whole; i += LANES) {
            long place = (long) i * Float.BYTES;
            FloatVector.fromMemorySegment(F, from, at + place, ORDER)
                    .add(FloatVector.fromMemorySegment(F, other, otherAt + place, ORDER))
                    .intoMemorySegment(to, toAt + place, ORDER);
        }
        ScalarConversions.dequantizePlus(
                sums, at, whole, count, scale, least, columns, bias, residual, residualIndex, y, index);
    }

    @Override
    public void dequantizeGated(
            MemorySegment sums,
            long at,
            int units,
            float scale,
            float least,
            Columns columns,
            Floats bias,
            Activation activation,
            Floats y,
            long index) {
        int whole = F.loopBound(units);
        switch (activation) {
            case GELU -> VectorGatedSums.gelu(sums, at, units, whole, scale, least, columns, bias, y, index);
            case GELU_TANH -> VectorGatedSums.geluTanh(sums, at, units, whole, scale, least, columns, bias, y, index);
            case SILU -> VectorGatedSums.silu(sums, at, units, whole, scale, least, columns, bias, y, index);
            case RELU, TANH ->
                throw new IllegalArgumentException("gates: no " + activation + " of sums; there are " + GATES);
        }
        ScalarConversions.dequantizeGated(sums, at, whole, units, scale, least, columns, bias, activation, y, index);
    }

    @Override
    public void add(Floats a, long aIndex, Floats b, long bIndex, int count, Floats y, long yIndex) {
        int whole = F.loopBound(count);
        MemorySegment aMemory = a.segment();
        long aAt = a.at(aIndex);
        MemorySegment bMemory = b.segment();
        long bAt = b.at(bIndex);
        MemorySegment to = y.segment();
        long toAt = y.at(yIndex);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromMemorySegment(F, aMemory, aAt + (long) i * Float.BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(F, bMemory, bAt + (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(to, toAt + (long) i * Float.BYTES, ORDER);
        }
        ScalarConversions.add(a, aIndex, b, bIndex, whole, count, y, yIndex);
    }
}
