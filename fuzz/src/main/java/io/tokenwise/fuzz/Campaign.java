package io.tokenwise.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Has all that is asked for done by a JVM of its own; by another one where an input takes that down. */
final class Campaign {
    /** Where a reader takes memory by what a file says, a heap that is too small for it shows that sooner. */
    private static final List<String> FLAGS = List.of(
            "--add-modules=jdk.incubator.vector",
            "--sun-misc-unsafe-memory-access=allow",
            "-Djava.awt.headless=true",
            "-XX:+UseSerialGC",
            "-Xmx768m",
            // Without native access Pages leaves all memory to arenas, and these the JVM counts.
            "--illegal-native-access=deny",
            "-XX:NativeMemoryTracking=summary",
            // Findings are told apart by their stacks.
            "-XX:-OmitStackTraceInFastThrow",
            // What runs on other threads nobody would count.
            "-Djava.util.concurrent.ForkJoinPool.common.parallelism=0",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off");

    private final Supplier<List<Target>> targets;
    private final Path root;
    private final Path out;
    private final long seed;
    private final PrintWriter err;

    /** @param root the folder of all corpora; see {@link Worker} */
    Campaign(Supplier<List<Target>> targets, Path root, Path out, long seed, PrintWriter err) {
        this.targets = targets;
        this.root = root;
        this.out = out;
        this.seed = seed;
        this.err = err;
    }

    /** @param rows is told of each target that is done */
    void run(List<Share> shares, Consumer<Row> rows) throws IOException, InterruptedException {
        Files.createDirectories(out);
        List<Share> left = new ArrayList<>(shares);
        try (Workplace place = Workplace.create()) {
            run(left, place, rows);
        }
    }

    private void run(List<Share> left, Workplace place, Consumer<Row> rows) throws IOException, InterruptedException {
        while (!left.isEmpty()) {
            var begun = new long[] {System.nanoTime()};
            Process child = start(left, place);
            try (BufferedReader lines = child.inputReader(StandardCharsets.UTF_8)) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.startsWith(Worker.BEGIN)) {
                        begun[0] = System.nanoTime();
                    } else if (line.startsWith(Worker.ROW)) {
                        rows.accept(Row.parse(line.substring(Worker.ROW.length())));
                        left.removeFirst();
                    } else {
                        err.println(line);
                    }
                }
            }
            int code = child.waitFor();
            if (code != 0) {
                goOn(left, code, (System.nanoTime() - begun[0]) / 1_000_000);
            } else if (!left.isEmpty()) {
                throw new IOException("the reading JVM ended before its work was done");
            }
        }
    }

    private Process start(List<Share> left, Workplace place) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FLAGS);
        command.add("-XX:ErrorFile=" + out.resolve("jvm-crash-%p.log"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
        command.add(targets.getClass().getName());
        command.addAll(List.of(root.toString(), out.toString(), place.path().toString(), Long.toString(seed)));
        left.forEach(share -> command.add(share.toString()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** After a JVM that did not come to its end: what it read last is a finding, and the work goes on behind it. */
    private void goOn(List<Share> left, int code, long elapsedMillis) throws IOException {
        Scratch scratch = Scratch.open(out.resolve("scratch"));
        Share share = left.getFirst();
        Target target = targets.get().get(scratch.target());
        if (!target.name().equals(share.target()) || scratch.packed().length == 0) {
            throw new IOException("the reading JVM ended with code " + code + " before it read anything");
        }
        if (code != Worker.HANGS) {
            var finding = new Finding("crash", "the JVM ended with code " + code + " at input " + scratch.number(), "");
            Worker.keep(out, target, finding, scratch.packed(), seed);
        }
        left.set(0, share.after(scratch.number(), elapsedMillis));
    }
}
