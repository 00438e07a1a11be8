package io.tokenwise.bench.soak;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a process has that must be given back.
 *
 * @param threads platform threads by id
 * @param descriptors how many of each kind of file are open
 */
record Remains(Map<Long, String> threads, Map<String, Integer> descriptors) {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final List<Path> TCP = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));

    /** Addresses and ports of both sides, state, queues, timers, user, and the socket's number. */
    private static final Pattern TCP_ROW =
            Pattern.compile("[0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2})(?: +\\S+){5} +(\\d+)");

    /** Threads that the JDK has for all, some of which come and go. */
    private static final Pattern THREADS_OF_THE_JDK = Pattern.compile(
            "(ForkJoinPool|VirtualThread|CompletableFutureDelayScheduler|Common-Cleaner|JFR |Java2D Disposer|Attach|Read-Poller|Write-Poller"
                    + "|soak-clock|process reaper|InnocuousThread|FileSystemWatch|C[12] Compiler).*");

    /** What classes are read from, libraries, what the flight recorder writes, and the list of processes, which it opens when a part of a recording is complete and keeps open ever after. */
    private static final Pattern FILES_OF_THE_JDK =
            Pattern.compile("(.*(\\.jar|\\.so[.0-9]*|/modules|\\.jfr|/dev/u?random)( \\(deleted\\))?)|/proc");

    static Remains now() throws IOException {
        Map<Long, String> threads = Thread.getAllStackTraces().keySet().stream()
                .collect(Collectors.toMap(Thread::threadId, Thread::getName));
        var descriptors = new TreeMap<String, Integer>();
        Map<String, String> connections = connections();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path link : links) {
                try {
                    String target = Files.readSymbolicLink(link).toString();
                    // Sockets and pipes have numbers.
                    String kind = target.replaceFirst(":\\[\\d+\\]", "");
                    descriptors.merge(connections.getOrDefault(target, kind), 1, Integer::sum);
                } catch (NoSuchFileException e) {
                    // That was the list's own.
                    continue;
                }
            }
        }
        return new Remains(threads, descriptors);
    }

    /** TCP's sockets, as {@code /proc/self/fd} names them, with ports and state (8: the other side has closed it). */
    private static Map<String, String> connections() throws IOException {
        var connections = new HashMap<String, String>();
        for (Path table : TCP) {
            if (Files.exists(table)) {
                for (String line : Files.readAllLines(table)) {
                    Matcher row = TCP_ROW.matcher(line);
                    if (row.find()) {
                        connections.put(
                                "socket:[" + row.group(4) + "]",
                                "socket of port " + HexFormat.fromHexDigits(row.group(1)) + ", to port "
                                        + HexFormat.fromHexDigits(row.group(2)) + ", state "
                                        + HexFormat.fromHexDigits(row.group(3)));
                    }
                }
            }
        }
        return connections;
    }

    /** What is here and was not there, other than what the JDK keeps for itself. */
    List<String> since(Remains before) {
        var left = new ArrayList<String>();
        threads.forEach((id, name) -> {
            if (!before.threads.containsKey(id)
                    && !THREADS_OF_THE_JDK.matcher(name).matches()) {
                left.add("thread " + name);
            }
        });
        descriptors.forEach((target, count) -> {
            int more = count - before.descriptors.getOrDefault(target, 0);
            if (more > 0 && !FILES_OF_THE_JDK.matcher(target).matches()) {
                left.add("descriptor " + target + (more == 1 ? "" : " " + more + " times"));
            }
        });
        return left;
    }

    int descriptorCount() {
        return descriptors.values().stream().mapToInt(Integer::intValue).sum();
    }
}
