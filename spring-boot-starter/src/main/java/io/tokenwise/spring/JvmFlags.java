package io.tokenwise.spring;

import java.util.Optional;

/** What a JVM must be started with; an application's jar cannot say it. */
final class JvmFlags {
    private static final String VECTOR_MODULE = "jdk.incubator.vector";

    private JvmFlags() {}

    /** What to tell whoever started a JVM with these modules, if they lack the one for vectors: all works, much slower. */
    static Optional<String> advice(ModuleLayer modules) {
        return modules.findModule(VECTOR_MODULE).isPresent()
                ? Optional.empty()
                : Optional.of(
                        "Tokenwise computes without vector instructions, much slower: start the JVM with --add-modules "
                                + VECTOR_MODULE + " --enable-native-access=ALL-UNNAMED, such as in JDK_JAVA_OPTIONS");
    }
}
