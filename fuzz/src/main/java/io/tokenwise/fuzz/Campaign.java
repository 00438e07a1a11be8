package io.tokenwise.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Has all that is asked for done by a JVM of its own; by another one where an input takes that down. */
final class Campaign {
    /** So much processor time an input never needs, on no machine: what takes less comes to an end, and is judged by {@link Trial}. */
    static final long ENDLESS_NANOS = 10_000_000_000L;

    private final Supplier<List<Target>> targets;
    private final Path root;
    private final Path out;
    private final long seed;
    private final long endlessNanos;
    private final PrintWriter err;

    /** Keys of findings by target. */
    private final Map<String, Set<String>> found = new HashMap<>();

    /** @param root the folder of all corpora; see {@link Worker} */
    Campaign(Supplier<List<Target>> targets, Path root, Path out, long seed, long endlessNanos, PrintWriter err) {
        this.targets = targets;
        this.root = root;
        this.out = out;
        this.seed = seed;
        this.endlessNanos = endlessNanos;
        this.err = err;
    }

    /** @param rows is told of each target that is done */
    void run(List<Share> shares, Consumer<Row> rows) throws IOException, InterruptedException {
        Files.createDirectories(out);
        List<Share> left = new ArrayList<>(shares);
        Scratch scratch = Scratch.open(out.resolve("scratch"));
        try (Workplace place = Workplace.create()) {
            while (!left.isEmpty()) {
                scratch.clear();
                run(left, scratch, place, rows);
            }
        }
    }

    private void run(List<Share> left, Scratch scratch, Workplace place, Consumer<Row> rows)
            throws IOException, InterruptedException {
        long begun = System.nanoTime();
        try (var jvm = new ReadingJvm(out, place, arguments(left, place));
                BufferedReader lines = jvm.lines()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(Worker.BEGIN)) {
                    begun = System.nanoTime();
                } else if (line.startsWith(Worker.FOUND)) {
                    keys(left.getFirst()).add(line.substring(Worker.FOUND.length()));
                } else if (line.startsWith(Worker.ROW)) {
                    rows.accept(Row.parse(
                            line.substring(Worker.ROW.length()),
                            keys(left.getFirst()).size()));
                    left.removeFirst();
                } else {
                    err.println(line);
                }
            }
            int code = jvm.code();
            if (code != 0) {
                goOn(left, scratch, code, (System.nanoTime() - begun) / 1_000_000);
            } else if (!left.isEmpty()) {
                throw new IOException("the reading JVM ended before its work was done");
            }
        }
    }

    private List<String> arguments(List<Share> left, Workplace place) {
        var arguments = new ArrayList<String>();
        arguments.add(targets.getClass().getName());
        arguments.addAll(List.of(root.toString(), out.toString(), place.path().toString()));
        arguments.addAll(List.of(Long.toString(seed), Long.toString(endlessNanos)));
        left.forEach(share -> arguments.add(share.toString()));
        return arguments;
    }

    /** After a JVM that did not come to its end: what it read last is a finding, and the work goes on behind it. */
    private void goOn(List<Share> left, Scratch scratch, int code, long elapsedMillis) throws IOException {
        if (left.isEmpty() || scratch.isClear()) {
            throw new IOException("the reading JVM ended with code " + code + " while it read nothing");
        }
        Share share = left.getFirst();
        if (code != Worker.HANGS) {
            var finding = new Finding("crash", "the JVM ended with code " + code + " at input " + scratch.number(), "");
            Worker.keep(out, Targets.named(share.target(), targets.get()), finding, scratch.packed(), seed);
            keys(share).add(finding.key());
        }
        left.set(0, share.after(scratch.number(), elapsedMillis));
    }

    private Set<String> keys(Share share) {
        return found.computeIfAbsent(share.target(), _ -> new HashSet<>());
    }

    /** How many findings there were, of all targets. */
    int findings() {
        return found.values().stream().mapToInt(Set::size).sum();
    }
}
