package io.tokenwise.kernels;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vector width that all vector kernels use: constants, since a species that the compiler cannot see through boxes every vector. */
final class Species {
    static final VectorSpecies<Float> F = VectorSpecies.of(float.class, VectorShape.forBitSize(bits()));
    static final int LANES = F.length();
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Species() {}

    static FloatVector load(Floats x, long index) {
        return FloatVector.fromMemorySegment(F, x.segment(), x.at(index), ORDER);
    }

    static void store(FloatVector value, Floats y, long index) {
        value.intoMemorySegment(y.segment(), y.at(index), ORDER);
    }

    /** {@link VectorKernels} has checked the value before this class is loaded. */
    private static int bits() {
        Integer forced = Integer.getInteger(Kernels.BITS_PROPERTY);
        return forced == null ? FloatVector.SPECIES_PREFERRED.vectorBitSize() : forced;
    }
}
