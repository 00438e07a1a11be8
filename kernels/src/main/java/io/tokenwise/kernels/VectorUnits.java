package io.tokenwise.kernels;

import static io.tokenwise.kernels.SequenceOps.UNIT;
import static io.tokenwise.kernels.Species.F;
import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static io.tokenwise.kernels.Species.UNIT_LANES;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Units of a few columns, each with a factor of its own: whole vectors of neighbours with the same factor, and half a vector for the rest, where units
 * are made of such. Or units in another order, two columns at a time, without vectors of a width of their own (see {@link Species#UNIT_LANES}).
 */
final class VectorUnits {
    private static final RowOps SCALAR = new ScalarRowOps();

    private VectorUnits() {}

    private static boolean fits(int width) {
        return LANES >= UNIT && width % UNIT == 0;
    }

    static void scale(Floats x, Floats scale, int factors, int[] places, Floats y, int width, int from, int to) {
        if (!fits(width)) {
            SCALAR.scaleUnits(x, scale, factors, places, y, width, from, to);
            return;
        }
        for (int row = from; row < to; row++) {
            long at = (long) row * places.length * width;
            scaleRow(x, scale, (long) row * factors, places, y, width, at);
        }
    }

    static void gather(Floats x, int columns, int[] starts, int width, Floats y, int from, int to) {
        if (width % 2 != 0) {
            SCALAR.gatherUnits(x, columns, starts, width, y, from, to);
            return;
        }
        MemorySegment source = x.segment();
        MemorySegment target = y.segment();
        for (int row = from; row < to; row++) {
            long sourceAt = x.at((long) row * columns);
            long targetAt = y.at((long) row * starts.length * width);
            for (int unit = 0; unit < starts.length; unit++) {
                for (int j = 0; starts[unit] >= 0 && j < width; j += 2) {
                    long two = source.get(JAVA_LONG_UNALIGNED, sourceAt + (long) (starts[unit] + j) * Float.BYTES);
                    target.set(JAVA_LONG_UNALIGNED, targetAt + (long) (unit * width + j) * Float.BYTES, two);
                }
            }
        }
    }

    /** The first unit after one whose factor is another. */
    private static int end(int[] places, int unit) {
        int end = unit + 1;
        while (end < places.length && places[end] == places[unit]) {
            end++;
        }
        return end;
    }

    private static float factor(Floats scale, long at, int place) {
        return place < 0 ? 1 : scale.get(at + place);
    }

    private static void scaleRow(Floats x, Floats scale, long scaleAt, int[] places, Floats y, int width, long at) {
        MemorySegment from = x.segment();
        MemorySegment to = y.segment();
        long fromAt = x.at(at);
        long toAt = y.at(at);
        int end;
        for (int unit = 0; unit < places.length; unit = end) {
            end = end(places, unit);
            float factor = factor(scale, scaleAt, places[unit]);
            int whole = unit * width + F.loopBound((end - unit) * width);
            for (int j = unit * width; j < whole; j += LANES) {
                FloatVector.fromMemorySegment(F, from, fromAt + (long) j * Float.BYTES, ORDER)
                        .mul(factor)
                        .intoMemorySegment(to, toAt + (long) j * Float.BYTES, ORDER);
            }
            if (whole < end * width) {
                FloatVector.fromMemorySegment(F, from, fromAt + (long) whole * Float.BYTES, ORDER, UNIT_LANES)
                        .mul(factor)
                        .intoMemorySegment(to, toAt + (long) whole * Float.BYTES, ORDER, UNIT_LANES);
            }
        }
    }

    static void scaleBackward(
            Floats x,
            Floats scale,
            int factors,
            int[] places,
            Floats dy,
            Floats dx,
            Floats dScale,
            int width,
            int from,
            int to) {
        if (!fits(width)) {
            SCALAR.scaleUnitsBackward(x, scale, factors, places, dy, dx, dScale, width, from, to);
            return;
        }
        for (int row = from; row < to; row++) {
            long at = (long) row * places.length * width;
            addProducts(x, dy, places, dScale, factors, row, width, at);
            scaleRow(dy, scale, (long) row * factors, places, dx, width, at);
        }
    }

    private static void addProducts(
            Floats x, Floats dy, int[] places, Floats dScale, int factors, int row, int width, long at) {
        long scaleAt = (long) row * factors;
        for (int f = 0; f < factors; f++) {
            dScale.set(scaleAt + f, 0);
        }
        MemorySegment xMemory = x.segment();
        MemorySegment dyMemory = dy.segment();
        long xAt = x.at(at);
        long dyAt = dy.at(at);
        int end;
        for (int unit = 0; unit < places.length; unit = end) {
            end = end(places, unit);
            if (places[unit] < 0) {
                continue;
            }
            FloatVector products = FloatVector.zero(F);
            int whole = unit * width + F.loopBound((end - unit) * width);
            for (int j = unit * width; j < whole; j += LANES) {
                long offset = (long) j * Float.BYTES;
                products = FloatVector.fromMemorySegment(F, xMemory, xAt + offset, ORDER)
                        .fma(FloatVector.fromMemorySegment(F, dyMemory, dyAt + offset, ORDER), products);
            }
            if (whole < end * width) {
                long offset = (long) whole * Float.BYTES;
                products = FloatVector.fromMemorySegment(F, xMemory, xAt + offset, ORDER, UNIT_LANES)
                        .fma(FloatVector.fromMemorySegment(F, dyMemory, dyAt + offset, ORDER, UNIT_LANES), products);
            }
            float sum = Species.sum(products);
            dScale.set(scaleAt + places[unit], dScale.get(scaleAt + places[unit]) + sum);
        }
    }
}
