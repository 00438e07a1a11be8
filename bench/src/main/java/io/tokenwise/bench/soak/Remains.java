package io.tokenwise.bench.soak;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

    /** Threads that the JDK has for all, some of which come and go. */
    private static final Pattern THREADS_OF_THE_JDK = Pattern.compile(
            "(ForkJoinPool|VirtualThread|CompletableFutureDelayScheduler|Common-Cleaner|JFR |Java2D Disposer|Attach|Read-Poller|Write-Poller"
                    + "|soak-clock|process reaper|InnocuousThread|FileSystemWatch|C[12] Compiler).*");

    /** What classes are read from, libraries, and what the flight recorder writes. */
    private static final Pattern FILES_OF_THE_JDK =
            Pattern.compile(".*(\\.jar|\\.so[.0-9]*|/modules|\\.jfr|/dev/u?random)( \\(deleted\\))?");

    static Remains now() throws IOException {
        Map<Long, String> threads = Thread.getAllStackTraces().keySet().stream()
                .collect(Collectors.toMap(Thread::threadId, Thread::getName));
        var descriptors = new TreeMap<String, Integer>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path link : links) {
                try {
                    String target = Files.readSymbolicLink(link).toString();
                    // Sockets and pipes have numbers.
                    descriptors.merge(target.replaceFirst(":\\[\\d+\\]", ""), 1, Integer::sum);
                } catch (NoSuchFileException e) {
                    // That was the list's own.
                    continue;
                }
            }
        }
        return new Remains(threads, descriptors);
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
