package io.tokenwise.choice;

import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** What is known to go wrong with some JVMs beside native code. */
final class JvmFaults {
    private static final Runtime.Version FIRST = Runtime.Version.parse("25");
    private static final Runtime.Version MENDED = Runtime.Version.parse("25.0.3");

    private JvmFaults() {}

    /** What to say about the JVM that runs this, in one line. */
    static Optional<String> ofThisJvm() {
        return of(Runtime.version(), JvmFaults::collectors);
    }

    /** @param collectors the names of the garbage collectors that run; asked for only where these matter, since the question takes some ms */
    static Optional<String> of(Runtime.Version version, Supplier<List<String>> collectors) {
        boolean isFaulty = version.compareToIgnoreOptional(FIRST) >= 0 && version.compareToIgnoreOptional(MENDED) < 0;
        if (!isFaulty || collectors.get().stream().noneMatch(name -> name.startsWith("G1"))) {
            return Optional.empty();
        }
        return Optional.of("JDK " + version
                + " with G1 may move objects that native code holds (JDK-8377811): Tokenwise gives it none,"
                + " but other libraries do; take JDK 25.0.3 or newer, or -XX:+UseParallelGC");
    }

    private static List<String> collectors() {
        return ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(GarbageCollectorMXBean::getName)
                .toList();
    }
}
