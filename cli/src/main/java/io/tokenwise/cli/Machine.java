package io.tokenwise.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this run computes on, in words. */
final class Machine {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private Machine() {}

    /** CPU, processors and Java. */
    static String describe() {
        return cpu() + ", " + Runtime.getRuntime().availableProcessors() + " processor(s), Java "
                + Runtime.version().feature();
    }

    private static String cpu() {
        if (Files.isReadable(CPU_INFO)) {
            try (var lines = Files.lines(CPU_INFO)) {
                return lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                return System.getProperty("os.arch");
            }
        }
        return System.getProperty("os.arch");
    }
}
