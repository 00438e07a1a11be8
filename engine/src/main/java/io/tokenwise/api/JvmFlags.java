package io.tokenwise.api;

import java.util.Optional;

/** What a JVM must be started with; an application's jar cannot say it. */
public final class JvmFlags {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private JvmFlags() {}

    /**
     * {@return what to tell whoever started this JVM, if it lacks the module for vectors: all works, much slower}
     *
     * @param where flags are put where this code runs, such as {@code in JDK_JAVA_OPTIONS}
     */
    public static Optional<String> advice(String where) {
        return advice(ModuleLayer.boot(), where);
    }

    static Optional<String> advice(ModuleLayer modules, String where) {
        return modules.findModule(VECTOR_MODULE).isPresent()
                ? Optional.empty()
                : Optional.of(
                        "Tokenwise computes without vector instructions, much slower: start the JVM with --add-modules="
                                + VECTOR_MODULE + " --enable-native-access=ALL-UNNAMED, such as " + where);
    }
}
