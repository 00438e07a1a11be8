package io.tokenwise.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** The vector width that all vector kernels use: constants, since a species that the compiler cannot see through boxes every vector. */
final class Species {
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(bits()));
    static final int LANES = F.length();
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final VectorShuffle<Float> SWAP_8 = VectorShuffle.fromOp(F, lane -> lane ^ 8 % LANES);
    private static final VectorShuffle<Float> SWAP_4 = VectorShuffle.fromOp(F, lane -> lane ^ 4 % LANES);
    private static final VectorShuffle<Float> SWAP_2 = VectorShuffle.fromOp(F, lane -> lane ^ 2 % LANES);
    private static final VectorShuffle<Float> SWAP_1 = VectorShuffle.fromOp(F, lane -> lane ^ 1);

    private Species() {}

    static FloatVector load(Floats x, long index) {
        return FloatVector.fromMemorySegment(F, x.segment(), x.at(index), ORDER);
    }

    static void store(FloatVector value, Floats y, long index) {
        value.intoMemorySegment(y.segment(), y.at(index), ORDER);
    }

    /**
     * The sum over the lanes, in one order. {@code reduceLanes(ADD)} has another order when interpreted than when compiled, so that
     * the same sum would change its last bits while the JVM warms up.
     */
    static float sum(FloatVector value) {
        if (LANES > 8) {
            value = value.add(value.rearrange(SWAP_8));
        }
        if (LANES > 4) {
            value = value.add(value.rearrange(SWAP_4));
        }
        if (LANES > 2) {
            value = value.add(value.rearrange(SWAP_2));
        }
        return value.add(value.rearrange(SWAP_1)).lane(0);
    }

    /** {@link VectorKernels} has checked the value before this class is loaded. */
    private static int bits() {
        Integer forced = Integer.getInteger(Kernels.BITS_PROPERTY);
        return forced == null ? FloatVector.SPECIES_PREFERRED.vectorBitSize() : forced;
    }
}
