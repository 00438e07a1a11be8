package io.tokenwise.kernels;

/**
 * One set of kernels: each family in the same implementation.
 *
 * <p>Kernels take numbers and give numbers. Shapes are checked by their callers; kernels only {@code assert}. Every kernel is
 * safe to call from several threads at once on ranges that do not overlap, and its result for a range does not depend on
 * how the whole is cut into ranges.
 *
 * @param name {@code scalar}, or {@code vector-512} and the like
 * @param why one line that says why this set was chosen
 */
public record Kernels(
        String name,
        String why,
        Gemm gemm,
        Elementwise elementwise,
        RowOps rows,
        SequenceOps sequences,
        Conversions conversions,
        SpeechOps speech,
        GateOps gates,
        HeadOps heads) {
    /** System property that forces a set: {@code scalar} or {@code vector}. */
    public static final String SET_PROPERTY = "tokenwise.kernels";

    /** System property that forces the width of vectors: 128, 256 or 512 bits. Without it they are as wide as the CPU has them. */
    public static final String BITS_PROPERTY = "tokenwise.vector.bits";

    private static final String MODULE = "jdk.incubator.vector";

    /**
     * The vector set where it works and pays, otherwise the scalar set.
     *
     * @throws IllegalArgumentException if a property has a value that does not exist
     * @throws IllegalStateException if a property asks for what this JVM or CPU lacks
     */
    public static Kernels choose() {
        String forced = System.getProperty(SET_PROPERTY);
        String bits = System.getProperty(BITS_PROPERTY);
        if (bits != null && !bits.matches("128|256|512")) {
            throw new IllegalArgumentException(BITS_PROPERTY + "=" + bits + ": must be 128, 256 or 512");
        }
        return switch (forced) {
            case null -> {
                String obstacle = obstacle();
                yield obstacle == null
                        ? VectorKernels.create("the CPU has them and the module is readable")
                        : scalar(obstacle);
            }
            case "scalar" -> scalar("forced by " + SET_PROPERTY);
            case "vector" -> {
                if (!readable()) {
                    throw new IllegalStateException(SET_PROPERTY + "=vector: " + unreadable());
                }
                yield VectorKernels.create("forced by " + SET_PROPERTY);
            }
            default -> throw new IllegalArgumentException(SET_PROPERTY + "=" + forced + ": must be scalar or vector");
        };
    }

    /** The twins that every other set is checked against. */
    public static Kernels scalar() {
        return scalar("asked for by the caller");
    }

    private static Kernels scalar(String why) {
        return new Kernels(
                "scalar",
                why,
                new ScalarGemm(),
                new ScalarElementwise(),
                new ScalarRowOps(),
                new ScalarSequenceOps(),
                new ScalarConversions(),
                new ScalarSpeechOps(),
                new ScalarGateOps(),
                new ScalarHeadOps());
    }

    /** Why vectors would not work or pay here, or null. */
    private static String obstacle() {
        if (!readable()) {
            return unreadable();
        }
        // Without C2 a vector is an object: slower by orders of magnitude than plain floats.
        String compilers = System.getProperty("java.vm.info", "");
        if (compilers.contains("interpreted") || compilers.contains("emulated-client")) {
            return "the JVM runs without its optimizing compiler (" + compilers + ")";
        }
        return VectorKernels.obstacle();
    }

    private static boolean readable() {
        return ModuleLayer.boot()
                .findModule(MODULE)
                .map(Kernels.class.getModule()::canRead)
                .orElse(false);
    }

    private static String unreadable() {
        return "module " + MODULE + " is not readable: start the JVM with --add-modules " + MODULE;
    }
}
