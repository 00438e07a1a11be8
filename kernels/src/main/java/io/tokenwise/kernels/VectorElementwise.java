package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Values a vector at a time; what remains at the end of a range goes to the scalar twin, which gives the same bits. */
final class VectorElementwise implements Elementwise {
    /**
     * Values that AdamW takes at a time, a multiple of every vector's length: its three loops find them in the first-level cache. One loop over
     * all four memories would be faster still, but C2 (JDK 25) checks the bounds of so many before the loop, wrongly finds
     * them violated, and falls back to slow code a hundred times before it gives that up; with three it never did.
     */
    private static final int ADAMW_BLOCK = 1024;

    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());
    private static final VectorShuffle<Double> SWAP_4 = VectorShuffle.fromOp(D, lane -> lane ^ 4 % D.length());
    private static final VectorShuffle<Double> SWAP_2 = VectorShuffle.fromOp(D, lane -> lane ^ 2 % D.length());

    private final ScalarElementwise rest = new ScalarElementwise();

    private static int wholeEnd(int from, int to) {
        return from + F.loopBound(Math.max(0, to - from));
    }

    @Override
    public void gelu(Floats x, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            VectorMath.gelu(FloatVector.fromMemorySegment(F, xMemory, xBase + (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (long) i * Float.BYTES, ORDER);
        }
        rest.gelu(x, y, end, to);
    }

    @Override
    public void geluBackward(Floats x, Floats dy, Floats dx, int from, int to) {
        MemorySegment dyMemory = dy.segment();
        long dyBase = dy.offset();
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment dxMemory = dx.segment();
        long dxBase = dx.offset();
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            FloatVector.fromMemorySegment(F, dyMemory, dyBase + (long) i * Float.BYTES, ORDER)
                    .mul(VectorMath.geluSlope(
                            FloatVector.fromMemorySegment(F, xMemory, xBase + (long) i * Float.BYTES, ORDER)))
                    .intoMemorySegment(dxMemory, dxBase + (long) i * Float.BYTES, ORDER);
        }
        rest.geluBackward(x, dy, dx, end, to);
    }

    @Override
    public void add(Floats a, Floats b, Floats y, int from, int to) {
        MemorySegment aMemory = a.segment();
        long aBase = a.offset();
        MemorySegment bMemory = b.segment();
        long bBase = b.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += LANES) {
            FloatVector.fromMemorySegment(F, aMemory, aBase + (long) i * Float.BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(F, bMemory, bBase + (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (long) i * Float.BYTES, ORDER);
        }
        rest.add(a, b, y, end, to);
    }

    @Override
    public void addScaled(Floats x, float factor, Floats y, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        MemorySegment yMemory = y.segment();
        long yBase = y.offset();
        int end = wholeEnd(from, to);
        FloatVector f = FloatVector.broadcast(F, factor);
        for (int i = from; i < end; i += LANES) {
            FloatVector.fromMemorySegment(F, xMemory, xBase + (long) i * Float.BYTES, ORDER)
                    .fma(f, FloatVector.fromMemorySegment(F, yMemory, yBase + (long) i * Float.BYTES, ORDER))
                    .intoMemorySegment(yMemory, yBase + (long) i * Float.BYTES, ORDER);
        }
        rest.addScaled(x, factor, y, end, to);
    }

    @Override
    public double sumOfSquares(Floats x, int from, int to) {
        MemorySegment xMemory = x.segment();
        long xBase = x.offset();
        int end = wholeEnd(from, to);
        DoubleVector low = DoubleVector.zero(D);
        DoubleVector high = DoubleVector.zero(D);
        for (int i = from; i < end; i += LANES) {
            FloatVector value = FloatVector.fromMemorySegment(F, xMemory, xBase + (long) i * Float.BYTES, ORDER);
            DoubleVector a = (DoubleVector) value.convertShape(VectorOperators.F2D, D, 0);
            DoubleVector b = (DoubleVector) value.convertShape(VectorOperators.F2D, D, 1);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        return sum(low.add(high)) + rest.sumOfSquares(x, end, to);
    }

    /** The sum over the lanes, in one order, as {@link Species#sum} has it. */
    private static double sum(DoubleVector value) {
        if (D.length() > 4) {
            value = value.add(value.rearrange(SWAP_4));
        }
        if (D.length() > 2) {
            value = value.add(value.rearrange(SWAP_2));
        }
        return value.lane(0) + value.lane(1);
    }

    @Override
    public void adamW(Floats w, Floats gradient, Floats m, Floats v, AdamWStep step, int from, int to) {
        int end = wholeEnd(from, to);
        for (int i = from; i < end; i += ADAMW_BLOCK) {
            int stop = Math.min(end, i + ADAMW_BLOCK);
            moveMeans(gradient, m, step, i, stop);
            moveSquares(gradient, v, step, i, stop);
            moveWeights(w, m, v, step, i, stop);
        }
        rest.adamW(w, gradient, m, v, step, end, to);
    }

    private static void moveMeans(Floats gradient, Floats m, AdamWStep step, int from, int to) {
        MemorySegment gradientMemory = gradient.segment();
        long gradientBase = gradient.offset();
        MemorySegment mMemory = m.segment();
        long mBase = m.offset();
        FloatVector scale = FloatVector.broadcast(F, step.gradientScale());
        FloatVector beta = FloatVector.broadcast(F, step.beta1());
        FloatVector rest = FloatVector.broadcast(F, 1 - step.beta1());
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(F, gradientMemory, gradientBase + at, ORDER)
                    .mul(scale);
            beta.fma(FloatVector.fromMemorySegment(F, mMemory, mBase + at, ORDER), g.mul(rest))
                    .intoMemorySegment(mMemory, mBase + at, ORDER);
        }
    }

    private static void moveSquares(Floats gradient, Floats v, AdamWStep step, int from, int to) {
        MemorySegment gradientMemory = gradient.segment();
        long gradientBase = gradient.offset();
        MemorySegment vMemory = v.segment();
        long vBase = v.offset();
        FloatVector scale = FloatVector.broadcast(F, step.gradientScale());
        FloatVector beta = FloatVector.broadcast(F, step.beta2());
        FloatVector rest = FloatVector.broadcast(F, 1 - step.beta2());
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector g = FloatVector.fromMemorySegment(F, gradientMemory, gradientBase + at, ORDER)
                    .mul(scale);
            beta.fma(
                            FloatVector.fromMemorySegment(F, vMemory, vBase + at, ORDER),
                            g.mul(g).mul(rest))
                    .intoMemorySegment(vMemory, vBase + at, ORDER);
        }
    }

    private static void moveWeights(Floats w, Floats m, Floats v, AdamWStep step, int from, int to) {
        MemorySegment mMemory = m.segment();
        long mBase = m.offset();
        MemorySegment vMemory = v.segment();
        long vBase = v.offset();
        MemorySegment wMemory = w.segment();
        long wBase = w.offset();
        FloatVector inverse1 = FloatVector.broadcast(F, 1 / step.correction1());
        FloatVector inverse2 = FloatVector.broadcast(F, 1 / step.correction2());
        FloatVector epsilon = FloatVector.broadcast(F, step.epsilon());
        FloatVector rate = FloatVector.broadcast(F, -step.rate());
        FloatVector decay = FloatVector.broadcast(F, step.decay());
        for (int i = from; i < to; i += LANES) {
            long at = (long) i * Float.BYTES;
            FloatVector mean = FloatVector.fromMemorySegment(F, mMemory, mBase + at, ORDER);
            FloatVector square = FloatVector.fromMemorySegment(F, vMemory, vBase + at, ORDER);
            FloatVector direction =
                    mean.mul(inverse1).div(square.mul(inverse2).sqrt().add(epsilon));
            FloatVector weight = FloatVector.fromMemorySegment(F, wMemory, wBase + at, ORDER);
            rate.fma(decay.fma(weight, direction), weight).intoMemorySegment(wMemory, wBase + at, ORDER);
        }
    }
}
