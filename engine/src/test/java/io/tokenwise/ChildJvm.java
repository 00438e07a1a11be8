package io.tokenwise;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM of its own, with this one's class path and the flags that a user gives. */
public final class ChildJvm {
    private ChildJvm() {}

    /**
     * The command, not started yet.
     *
     * @param flags more of the JVM's
     */
    public static ProcessBuilder of(List<String> flags, Class<?> main, String... arguments) {
        var all = new ArrayList<>(List.of("--add-modules", "jdk.incubator.vector"));
        all.addAll(flags);
        return withoutVectors(all, main, arguments);
    }

    /** The same with the flags of a user who has forgotten the module for vectors. */
    public static ProcessBuilder withoutVectors(List<String> flags, Class<?> main, String... arguments) {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }
}
