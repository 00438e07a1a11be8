package io.tokenwise.api;

import java.util.Locale;

/**
 * What is to compute, and in which precision. What is left open is decided by what the machine has: a CUDA device that gives the CPU's results, in
 * bfloat16; else the fastest precision that the CPU has instructions for (signed bytes, then bfloat16, then float32), and oneDNN is used for the first
 * two if it is there, for float32 on CPUs that get more out of it than out of Java.
 *
 * @param kind who computes
 * @param precision null for the fastest
 */
public record BackendChoice(Kind kind, Precision precision) {
    /** Everything is decided by what the machine has. */
    public static final BackendChoice AUTO = new BackendChoice(Kind.AUTO, null);

    /** Float32 in pure Java: the same numbers on every machine with vectors of the same width. */
    public static final BackendChoice FLOAT32 = new BackendChoice(Kind.VECTOR, Precision.F32);

    /** Who computes. */
    public enum Kind {
        /** Whichever suits the machine; models that its device lacks something for run on the CPU. */
        AUTO,
        /** Java, by the Vector API. */
        VECTOR,
        /** The oneDNN library, on the CPU. */
        ONEDNN,
        /** A device of NVIDIA. Who opens a model that it lacks something for is told by an {@link IllegalArgumentException}. */
        CUDA;

        /** {@return the name as the command line writes it, such as {@code onednn}} */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
