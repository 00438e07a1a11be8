package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;

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

    private final ScalarConversions scalar = new ScalarConversions();

    @Override
    public void load(Floats x, long index, int count, float[] row) {
        scalar.load(x, index, count, row);
    }

    @Override
    public void quantize(float[] row, int count, MemorySegment target, long at, float[] scales, int index) {
        int whole = F.loopBound(count);
        float least = Float.POSITIVE_INFINITY;
        float largest = Float.NEGATIVE_INFINITY;
        if (whole > 0) {
            FloatVector low = FloatVector.fromArray(F, row, 0);
            FloatVector high = low;
            for (int i = LANES; i < whole; i += LANES) {
                FloatVector value = FloatVector.fromArray(F, row, i);
                low = low.blend(value, value.compare(LT, low));
                high = high.blend(value, value.compare(GT, high));
            }
            least = -VectorMath.largestLane(low.neg());
            largest = VectorMath.largestLane(high);
        }
        for (int i = whole; i < count; i++) {
            least = row[i] < least ? row[i] : least;
            largest = row[i] > largest ? row[i] : largest;
        }
        toBytes(row, whole, least, ScalarConversions.factor(least, largest), Floats.exactlyNative(target), at);
        ScalarConversions.quantize(row, whole, count, least, largest, target, at);
        ScalarConversions.setScale(least, largest, scales, index);
    }

    private static void toBytes(float[] row, int count, float least, float factor, MemorySegment target, long at) {
        for (int i = 0; i < count; i += LANES) {
            FloatVector shifted =
                    FloatVector.fromArray(F, row, i).sub(least).fma(FloatVector.broadcast(F, factor), ROUND);
            ByteVector bytes = (ByteVector) shifted.reinterpretAsInts().convertShape(I2B, B, 0);
            bytes.intoMemorySegment(target, at + i, ORDER);
        }
    }

    @Override
    public void toBfloat16(float[] row, int count, MemorySegment target, long at) {
        int whole = F.loopBound(count);
        MemorySegment memory = Floats.exactlyNative(target);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector value = FloatVector.fromArray(F, row, i);
            IntVector bits = value.reinterpretAsInts();
            IntVector even = bits.lanewise(LSHR, 16).and(1);
            IntVector upper = bits.add(0x7fff).lanewise(ADD, even).lanewise(LSHR, 16);
            upper = upper.blend(0x7fc0, value.compare(NE, value).cast(I));
            ShortVector shorts = (ShortVector) upper.convertShape(I2S, S, 0);
            shorts.intoMemorySegment(memory, at + 2L * i, ORDER);
        }
        ScalarConversions.toBfloat16(row, whole, count, target, at);
    }

    @Override
    public void dequantize(
            MemorySegment sums,
            long at,
            int count,
            float scale,
            float least,
            float[] columnScales,
            float[] columnSums,
            float[] row) {
        int whole = F.loopBound(count);
        MemorySegment memory = Floats.exactlyNative(sums);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector sum = (FloatVector) IntVector.fromMemorySegment(I, memory, at + (long) i * Integer.BYTES, ORDER)
                    .convert(I2F, 0);
            FloatVector shift = FloatVector.fromArray(F, columnSums, i).mul(least);
            sum.mul(scale).fma(FloatVector.fromArray(F, columnScales, i), shift).intoArray(row, i);
        }
        ScalarConversions.dequantize(sums, at, whole, count, scale, least, columnScales, columnSums, row);
    }

    @Override
    public void add(Floats x, long index, int count, float[] row) {
        int whole = F.loopBound(count);
        MemorySegment memory = x.segment();
        long from = x.at(index);
        for (int i = 0; i < whole; i += LANES) {
            FloatVector.fromArray(F, row, i)
                    .add(FloatVector.fromMemorySegment(F, memory, from + (long) i * Float.BYTES, ORDER))
                    .intoArray(row, i);
        }
        ScalarConversions.add(x, index, whole, count, row);
    }

    @Override
    public void gelu(float[] row, int count) {
        int whole = F.loopBound(count);
        for (int i = 0; i < whole; i += LANES) {
            VectorMath.gelu(FloatVector.fromArray(F, row, i)).intoArray(row, i);
        }
        ScalarConversions.gelu(row, whole, count);
    }

    @Override
    public void store(float[] row, int count, Floats y, long index) {
        scalar.store(row, count, y, index);
    }
}
