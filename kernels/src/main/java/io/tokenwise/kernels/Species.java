package io.tokenwise.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width that all vector kernels use: constants, since a species that the compiler cannot see through boxes every vector.
 *
 * <p>Vector loops take segment and offset out of {@link Floats} before they begin, and load and store by the Vector API's own methods, which
 * are always inlined. A method of ours around a load is inlined only while the unit being compiled is small (NodeCountInliningCutoff); beyond,
 * each of its vectors would become an object.
 */
final class Species {
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(bits()));
    static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    static final int LANES = F.length();

    /**
     * The lanes of a unit's columns, where a unit is half a vector. Kernels have vectors of floats of one width only: where a JVM stores two, C2 may compile
     * a store for both, and then makes objects of the vectors (of a loop as simple as {@code y += x}, in one JVM of twelve).
     */
    static final VectorMask<Float> UNIT_LANES = F.indexInRange(0, SequenceOps.UNIT);

    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final VectorShuffle<Float> SWAP_8 = VectorShuffle.fromOp(F, lane -> lane ^ 8 % LANES);
    private static final VectorShuffle<Float> SWAP_4 = VectorShuffle.fromOp(F, lane -> lane ^ 4 % LANES);
    private static final VectorShuffle<Float> SWAP_2 = VectorShuffle.fromOp(F, lane -> lane ^ 2 % LANES);
    private static final VectorShuffle<Float> SWAP_1 = VectorShuffle.fromOp(F, lane -> lane ^ 1);

    private Species() {}

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
