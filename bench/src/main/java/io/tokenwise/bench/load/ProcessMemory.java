package io.tokenwise.bench.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What Linux says of another process.
 *
 * @param residentBytes memory that it has in use
 */
record ProcessMemory(long residentBytes, int threads) {
    static ProcessMemory of(long pid) throws IOException {
        Path status = Path.of("/proc", String.valueOf(pid), "status");
        return new ProcessMemory(1024 * number(status, "VmRSS:"), (int) number(status, "Threads:"));
    }

    private static long number(Path status, String field) throws IOException {
        try (Stream<String> lines = Files.lines(status)) {
            String line =
                    lines.filter(text -> text.startsWith(field)).findFirst().orElseThrow();
            return Long.parseLong(
                    line.substring(field.length()).replace("kB", "").strip());
        }
    }
}
