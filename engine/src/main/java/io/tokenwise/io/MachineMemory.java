package io.tokenwise.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * How much memory this process can ever get on Linux: the machine's, or its container's limit if that is less. Beyond a container's limit no
 * allocation fails; the kernel kills the process, so whoever needs much must ask before.
 */
public final class MachineMemory {
    private static final List<String> LIMITS =
            List.of("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes");

    private MachineMemory() {}

    /** Bytes, or empty where they cannot be told. */
    public static OptionalLong limitBytes() {
        return limitBytes(Path.of("/"));
    }

    static OptionalLong limitBytes(Path root) {
        long least = total(root.resolve("proc/meminfo"));
        for (String limit : LIMITS) {
            least = Math.min(least, number(read(root.resolve(limit))));
        }
        return least == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(least);
    }

    /** From the line {@code MemTotal: 24567890 kB}. */
    private static long total(Path meminfo) {
        String line = read(meminfo)
                .lines()
                .filter(entry -> entry.startsWith("MemTotal:"))
                .findFirst()
                .orElse("");
        long kilobytes = number(line.replaceAll("[^0-9]", ""));
        return kilobytes == Long.MAX_VALUE ? kilobytes : kilobytes * 1024;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    /** No limit if there is none, as {@code max} says. */
    private static long number(String text) {
        try {
            return Long.parseLong(text.strip());
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }
}
