package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.I;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static jdk.incubator.vector.VectorOperators.ADD;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.NE;

import io.tokenwise.kernels.SequenceOps.AttentionCall;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarHeadOps} on vectors, bit for bit but for what is not a number: the keys of a row of scores lie in the lanes. Only for vectors of 8 or 16 floats.
 */
final class VectorHeadOps implements HeadOps {
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, VectorShape.forBitSize(16 * LANES));

    @Override
    public void gather(HeadColumns from, int head, int token, int rows, MemorySegment target) {
        VectorHeads.gather(from, head, token, rows, target, 0, (long) from.headSize * Float.BYTES);
    }

    @Override
    public void scatter(MemorySegment from, HeadColumns to, int head, int token, int rows) {
        VectorHeads.scatter(from, 0, (long) to.headSize * Float.BYTES, rows, to.headSize, to, head, token, 0);
    }

    @Override
    public void toBfloat16(
            HeadColumns from, int head, int token, int rows, int end, MemorySegment target, Scratch scratch) {
        int size = from.headSize;
        assert size % STEP == 0;
        MemorySegment to = Floats.exactlyNative(target);
        if (from.areSideBySide()) {
            narrow(from.values.segment(), from.byteAt(token, head, 0), from.strideBytes(), rows, size, to);
        } else {
            long stride = (long) size * Float.BYTES;
            MemorySegment gathered = scratch.nativeFloats((long) rows * size);
            VectorHeads.gather(from, head, token, rows, gathered, 0, stride);
            narrow(gathered, 0, stride, rows, size, to);
        }
        clear(to, 0, rows * size, end * size);
    }

    private static void narrow(MemorySegment x, long from, long stride, int rows, int size, MemorySegment to) {
        x = Floats.exactlyNative(x);
        for (int r = 0; r < rows; r++) {
            long row = from + r * stride;
            long toRow = (long) r * size * Short.BYTES;
            int c = 0;
            // Written out: C2 makes a loop of so few turns slower than what it does.
            for (; c <= size - 4 * LANES; c += 4 * LANES) {
                long at = row + (long) c * Float.BYTES;
                FloatVector x0 = FloatVector.fromMemorySegment(F, x, at, ORDER);
                FloatVector x1 = FloatVector.fromMemorySegment(F, x, at + LANES * Float.BYTES, ORDER);
                FloatVector x2 = FloatVector.fromMemorySegment(F, x, at + 2 * LANES * Float.BYTES, ORDER);
                FloatVector x3 = FloatVector.fromMemorySegment(F, x, at + 3 * LANES * Float.BYTES, ORDER);
                long toAt = toRow + (long) c * Short.BYTES;
                narrow(x0).intoMemorySegment(to, toAt, ORDER);
                narrow(x1).intoMemorySegment(to, toAt + LANES * Short.BYTES, ORDER);
                narrow(x2).intoMemorySegment(to, toAt + 2 * LANES * Short.BYTES, ORDER);
                narrow(x3).intoMemorySegment(to, toAt + 3 * LANES * Short.BYTES, ORDER);
            }
            for (; c < size; c += LANES) {
                FloatVector value = FloatVector.fromMemorySegment(F, x, row + (long) c * Float.BYTES, ORDER);
                narrow(value).intoMemorySegment(to, toRow + (long) c * Short.BYTES, ORDER);
            }
        }
    }

    private static ShortVector narrow(FloatVector value) {
        IntVector bits = value.reinterpretAsInts();
        IntVector even = bits.lanewise(LSHR, 16).and(1);
        IntVector upper = bits.add(0x7fff).lanewise(ADD, even).lanewise(LSHR, 16);
        upper = upper.blend(0x7fc0, value.compare(NE, value).cast(I));
        return (ShortVector) upper.convertShape(I2S, S, 0);
    }

    @Override
    public void softmax(
            AttentionCall call,
            int first,
            int length,
            int query,
            int rows,
            int from,
            int columns,
            MemorySegment scores,
            MemorySegment weights,
            float[] inverses) {
        assert columns % STEP == 0 && call.scale > 0;
        MemorySegment x = Floats.exactlyNative(scores);
        MemorySegment y = Floats.exactlyNative(weights);
        float factor = call.scale * ScalarMath.LOG2_E;
        // One step for all rows before the next: a row alone would wait for its largest score, and then for its sum.
        for (int r = 0; r < rows; r++) {
            int seen = call.firstSeen(first, query + r) - from;
            int end = call.endSeen(first, query + r, length) - from;
            int low = low(seen);
            int high = high(end);
            long row = (long) r * columns;
            hide(x, row, low, seen);
            hide(x, row, end, high);
            clear(y, row, 0, low);
            clear(y, row, high, columns);
            inverses[r] = largest(x, row + low, high - low);
        }
        for (int r = 0; r < rows; r++) {
            int low = low(call.firstSeen(first, query + r) - from);
            int high = high(call.endSeen(first, query + r, length) - from);
            exponentials(x, (long) r * columns + low, high - low, factor, -(inverses[r] * factor), y);
        }
        for (int r = 0; r < rows; r++) {
            int low = low(call.firstSeen(first, query + r) - from);
            inverses[r] = 1 / sum(x, (long) r * columns + low);
        }
    }

    /** Where the step begins in which the first key is that a query sees. */
    private static int low(int seen) {
        return seen / STEP * STEP;
    }

    /** Where the step ends in which the last is. */
    private static int high(int end) {
        return (end + STEP - 1) / STEP * STEP;
    }

    /** Scores within a step that has others that are seen. */
    private static void hide(MemorySegment scores, long row, int from, int to) {
        for (int j = from; j < to; j++) {
            scores.set(JAVA_FLOAT, (row + j) * Float.BYTES, Float.NEGATIVE_INFINITY);
        }
    }

    private static void clear(MemorySegment weights, long row, int from, int to) {
        ShortVector zero = ShortVector.zero(S);
        for (int j = from; j < to; j += LANES) {
            zero.intoMemorySegment(weights, (row + j) * Short.BYTES, ORDER);
        }
    }

    /** As integers, positive floats have the same order and negative ones the opposite. */
    private static float largest(MemorySegment x, long from, int count) {
        IntVector most = IntVector.broadcast(I, Integer.MIN_VALUE);
        IntVector least = IntVector.broadcast(I, Integer.MAX_VALUE);
        for (int j = 0; j < count; j += LANES) {
            IntVector bits = IntVector.fromMemorySegment(I, x, (from + j) * Float.BYTES, ORDER);
            most = most.max(bits);
            least = least.min(bits);
        }
        return VectorMath.largestLane(most.blend(least, most.compare(LT, 0)).reinterpretAsFloats());
    }

    /**
     * Writes {@code 2^(x * factor + shift)}, and to the first step of x the sums of what it rounds, before that, a lane each. It is {@link ScalarMath#exp2} written out, because its
     * constants are made before the loop: in static fields they are memory, which C2 reads again in each turn of a loop that stores floats.
     */
    private static void exponentials(
            MemorySegment x, long from, int count, float factorOfAll, float shiftOfAll, MemorySegment y) {
        FloatVector factor = FloatVector.broadcast(F, factorOfAll);
        FloatVector shift = FloatVector.broadcast(F, shiftOfAll);
        FloatVector zero = FloatVector.zero(F);
        FloatVector one = FloatVector.broadcast(F, 1);
        FloatVector round = FloatVector.broadcast(F, ScalarMath.ROUND);
        FloatVector smallest = FloatVector.broadcast(F, ScalarMath.EXP2_SMALLEST);
        FloatVector c1 = FloatVector.broadcast(F, ScalarMath.EXP2_1);
        FloatVector c2 = FloatVector.broadcast(F, ScalarMath.EXP2_2);
        FloatVector c3 = FloatVector.broadcast(F, ScalarMath.EXP2_3);
        FloatVector c4 = FloatVector.broadcast(F, ScalarMath.EXP2_4);
        FloatVector c5 = FloatVector.broadcast(F, ScalarMath.EXP2_5);
        IntVector half = IntVector.broadcast(I, 0x8000);
        FloatVector sum0 = zero;
        FloatVector sum1 = zero;
        for (int i = 0; i < count; i += STEP) {
            long j = from + i;
            FloatVector x0 =
                    FloatVector.fromMemorySegment(F, x, j * Float.BYTES, ORDER).fma(factor, shift);
            FloatVector n0 = x0.add(round);
            FloatVector r0 = x0.sub(n0.sub(round));
            FloatVector p0 = c5.fma(r0, c4).fma(r0, c3).fma(r0, c2).fma(r0, c1).fma(r0, one);
            FloatVector y0 = p0.reinterpretAsInts()
                    .add(n0.reinterpretAsInts().lanewise(LSHL, 23))
                    .reinterpretAsFloats()
                    .blend(zero, x0.compare(LT, smallest));
            sum0 = sum0.add(y0);
            ((ShortVector) y0.reinterpretAsInts().add(half).lanewise(LSHR, 16).convertShape(I2S, S, 0))
                    .intoMemorySegment(y, j * Short.BYTES, ORDER);
            if (LANES < STEP) {
                FloatVector x1 = FloatVector.fromMemorySegment(F, x, (j + LANES) * Float.BYTES, ORDER)
                        .fma(factor, shift);
                FloatVector n1 = x1.add(round);
                FloatVector r1 = x1.sub(n1.sub(round));
                FloatVector p1 =
                        c5.fma(r1, c4).fma(r1, c3).fma(r1, c2).fma(r1, c1).fma(r1, one);
                FloatVector y1 = p1.reinterpretAsInts()
                        .add(n1.reinterpretAsInts().lanewise(LSHL, 23))
                        .reinterpretAsFloats()
                        .blend(zero, x1.compare(LT, smallest));
                sum1 = sum1.add(y1);
                ((ShortVector) y1.reinterpretAsInts()
                                .add(half)
                                .lanewise(LSHR, 16)
                                .convertShape(I2S, S, 0))
                        .intoMemorySegment(y, (j + LANES) * Short.BYTES, ORDER);
            }
        }
        // By way of memory that nobody needs any more: with all lanes added here too, C2 makes objects of these vectors
        // of 256 bits.
        sum0.intoMemorySegment(x, from * Float.BYTES, ORDER);
        if (LANES < STEP) {
            sum1.intoMemorySegment(x, (from + LANES) * Float.BYTES, ORDER);
        }
    }

    /** Of a step's values. */
    private static float sum(MemorySegment x, long at) {
        FloatVector sums = FloatVector.fromMemorySegment(F, x, at * Float.BYTES, ORDER);
        return Species.sum(
                LANES < STEP ? sums.add(FloatVector.fromMemorySegment(F, x, (at + LANES) * Float.BYTES, ORDER)) : sums);
    }

    @Override
    public void scaled(MemorySegment sums, float[] factors, HeadColumns y, int head, int token, int rows) {
        int size = y.headSize;
        long stride = (long) size * Float.BYTES;
        if (y.areSideBySide()) {
            scale(sums, factors, rows, size, y.values.segment(), y.byteAt(token, head, 0), y.strideBytes());
        } else {
            scale(sums, factors, rows, size, sums, 0, stride);
            VectorHeads.scatter(sums, 0, stride, rows, size, y, head, token, 0);
        }
    }

    private static void scale(
            MemorySegment sums, float[] factors, int rows, int size, MemorySegment to, long at, long stride) {
        MemorySegment x = Floats.exactlyNative(sums);
        MemorySegment y = Floats.exactlyNative(to);
        for (int r = 0; r < rows; r++) {
            float factor = factors[r];
            long row = (long) r * size * Float.BYTES;
            long toRow = at + r * stride;
            int c = 0;
            // Written out, as in narrowing.
            for (; c <= size - 4 * LANES; c += 4 * LANES) {
                long from = row + (long) c * Float.BYTES;
                FloatVector x0 = FloatVector.fromMemorySegment(F, x, from, ORDER);
                FloatVector x1 = FloatVector.fromMemorySegment(F, x, from + LANES * Float.BYTES, ORDER);
                FloatVector x2 = FloatVector.fromMemorySegment(F, x, from + 2 * LANES * Float.BYTES, ORDER);
                FloatVector x3 = FloatVector.fromMemorySegment(F, x, from + 3 * LANES * Float.BYTES, ORDER);
                long toAt = toRow + (long) c * Float.BYTES;
                x0.mul(factor).intoMemorySegment(y, toAt, ORDER);
                x1.mul(factor).intoMemorySegment(y, toAt + LANES * Float.BYTES, ORDER);
                x2.mul(factor).intoMemorySegment(y, toAt + 2 * LANES * Float.BYTES, ORDER);
                x3.mul(factor).intoMemorySegment(y, toAt + 3 * LANES * Float.BYTES, ORDER);
            }
            for (; c < size; c += LANES) {
                FloatVector.fromMemorySegment(F, x, row + (long) c * Float.BYTES, ORDER)
                        .mul(factor)
                        .intoMemorySegment(y, toRow + (long) c * Float.BYTES, ORDER);
            }
        }
    }
}
