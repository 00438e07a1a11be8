package io.tokenwise.kernels;

import jdk.incubator.vector.FloatVector;

/** The vector set. Loaded only where jdk.incubator.vector is readable. */
final class VectorKernels {
    private VectorKernels() {}

    /** Why vectors would not pay on this CPU, or null. */
    static String obstacle() {
        int widest = widest();
        return widest < 128 ? "the JVM knows no vectors for this CPU (widest: " + widest + " bits)" : null;
    }

    private static int widest() {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }

    static Kernels create(String why) {
        int widest = widest();
        Integer forced = Integer.getInteger(Kernels.BITS_PROPERTY);
        if (forced != null && forced > widest) {
            throw new IllegalStateException(
                    Kernels.BITS_PROPERTY + "=" + forced + ": this CPU's vectors have at most " + widest + " bits");
        }
        int bits = Species.F.vectorBitSize();
        String width =
                forced == null ? bits + " bits are the widest here" : bits + " bits forced by " + Kernels.BITS_PROPERTY;
        return new Kernels(
                "vector-" + bits,
                why + "; " + width,
                new VectorGemm(),
                new VectorElementwise(),
                new VectorRowOps(),
                new VectorSequenceOps(),
                bits < VectorConversions.LEAST_BITS ? new ScalarConversions() : new VectorConversions(),
                new VectorSpeechOps(),
                new VectorGateOps(),
                bits < VectorConversions.LEAST_BITS ? new ScalarHeadOps() : new VectorHeadOps());
    }
}
