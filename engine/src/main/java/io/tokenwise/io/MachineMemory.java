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
    private static final Path GROUPS = Path.of("sys/fs/cgroup");

    private MachineMemory() {}

    /** Bytes, or empty where they cannot be told. */
    public static OptionalLong limitBytes() {
        return limitBytes(Path.of("/"));
    }

    static OptionalLong limitBytes(Path root) {
        long least = total(root.resolve("proc/meminfo"));
        // A container's own limits, of either version, count also where its groups cannot be told.
        for (String line : List.of("0::/", "1:memory:/")) {
            least = Math.min(least, limitOfGroup(root.resolve(GROUPS), line));
        }
        for (String line : read(root.resolve("proc/self/cgroup")).lines().toList()) {
            least = Math.min(least, limitOfGroup(root.resolve(GROUPS), line));
        }
        return least == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(least);
    }

    /**
     * The least limit of a control group and those around it.
     *
     * @param line {@code 0::/path} of version 2 or {@code 4:memory:/path} of version 1; within a container the path is often {@code /}, or one
     *     of the host's that is not there
     */
    private static long limitOfGroup(Path groups, String line) {
        String[] parts = line.split(":", 3);
        boolean second = parts[0].equals("0");
        if (parts.length < 3 || !second && !List.of(parts[1].split(",")).contains("memory")) {
            return Long.MAX_VALUE;
        }
        Path top = second ? groups : groups.resolve("memory");
        String file = second ? "memory.max" : "memory.limit_in_bytes";
        long least = number(read(top.resolve(file)));
        Path group = top;
        for (Path name : Path.of(parts[2])) {
            group = group.resolve(name);
            least = Math.min(least, number(read(group.resolve(file))));
        }
        return least;
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
