package io.tokenwise.kernels;

import static io.tokenwise.kernels.Species.LANES;
import static io.tokenwise.kernels.Species.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Units of a few columns, each with a factor of its own: one vector of 8 floats at a time, where units are made of such. Or units in another order, two
 * floats at a time: vectors of a third width would cost the others their compiled code (see {@code VectorHeads.copyFour}).
 */
final class VectorUnits {
    private static final VectorSpecies<Float> EIGHT = FloatVector.SPECIES_256;
    private static final VectorShuffle<Float> SWAP_4 = VectorShuffle.fromOp(EIGHT, lane -> lane ^ 4);
    private static final VectorShuffle<Float> SWAP_2 = VectorShuffle.fromOp(EIGHT, lane -> lane ^ 2);
    private static final VectorShuffle<Float> SWAP_1 = VectorShuffle.fromOp(EIGHT, lane -> lane ^ 1);
    private static final RowOps SCALAR = new ScalarRowOps();

    private VectorUnits() {}

    private static boolean fits(int width) {
        return LANES >= EIGHT.length() && width % EIGHT.length() == 0;
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
            for (int j = unit * width; j < end * width; j += EIGHT.length()) {
                FloatVector.fromMemorySegment(EIGHT, from, fromAt + (long) j * Float.BYTES, ORDER)
                        .mul(factor)
                        .intoMemorySegment(to, toAt + (long) j * Float.BYTES, ORDER);
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
            FloatVector products = FloatVector.zero(EIGHT);
            for (int j = unit * width; j < end * width; j += EIGHT.length()) {
                long offset = (long) j * Float.BYTES;
                products = FloatVector.fromMemorySegment(EIGHT, xMemory, xAt + offset, ORDER)
                        .fma(FloatVector.fromMemorySegment(EIGHT, dyMemory, dyAt + offset, ORDER), products);
            }
            // Not by reduceLanes: see Species.sum.
            products = products.add(products.rearrange(SWAP_4));
            products = products.add(products.rearrange(SWAP_2));
            float sum = products.add(products.rearrange(SWAP_1)).lane(0);
            dScale.set(scaleAt + places[unit], dScale.get(scaleAt + places[unit]) + sum);
        }
    }
}
