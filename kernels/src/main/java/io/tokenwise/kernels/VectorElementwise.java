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
        MemorySegment gradientMemory = gradient.segment();
        long gradientBase = gradient.offset();
        MemorySegment mMemory = m.segment();
        long mBase = m.offset();
        MemorySegment vMemory = v.segment();
        long vBase = v.offset();
        MemorySegment wMemory = w.segment();
        long wBase = w.offset();
        int end = wholeEnd(from, to);
        float inverse1 = 1 / step.correction1();
        float inverse2 = 1 / step.correction2();
        FloatVector beta1 = FloatVector.broadcast(F, step.beta1());
        FloatVector beta2 = FloatVector.broadcast(F, step.beta2());
        FloatVector rate = FloatVector.broadcast(F, -step.rate());
        FloatVector decay = FloatVector.broadcast(F, step.decay());
        for (int i = from; i < end; i += LANES) {
            FloatVector g = FloatVector.fromMemorySegment(
                            F, gradientMemory, gradientBase + (long) i * Float.BYTES, ORDER)
                    .mul(step.gradientScale());
            FloatVector mean = beta1.fma(
                    FloatVector.fromMemorySegment(F, mMemory, mBase + (long) i * Float.BYTES, ORDER),
                    g.mul(1 - step.beta1()));
            FloatVector square = beta2.fma(
                    FloatVector.fromMemorySegment(F, vMemory, vBase + (long) i * Float.BYTES, ORDER),
                    g.mul(g).mul(1 - step.beta2()));
            FloatVector direction =
                    mean.mul(inverse1).div(square.mul(inverse2).sqrt().add(step.epsilon()));
            FloatVector weight = FloatVector.fromMemorySegment(F, wMemory, wBase + (long) i * Float.BYTES, ORDER);
            mean.intoMemorySegment(mMemory, mBase + (long) i * Float.BYTES, ORDER);
            square.intoMemorySegment(vMemory, vBase + (long) i * Float.BYTES, ORDER);
            rate.fma(decay.fma(weight, direction), weight)
                    .intoMemorySegment(wMemory, wBase + (long) i * Float.BYTES, ORDER);
        }
        rest.adamW(w, gradient, m, v, step, end, to);
    }
}
