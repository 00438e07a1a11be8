package io.tokenwise.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.zip.CRC32;

/** Makes inputs and gives them to targets, in a JVM of its own. What it has done it says on stdout, a line a target. */
public final class Worker {
    /** The JVM's exit code if an input does not end. */
    static final int HANGS = 3;

    /** Buffers of a thread for reading files stay with it. */
    private static final long MOST_LEFT_BYTES = 1 << 20;

    /** Before a line that says what was done. */
    static final String ROW = "row\t";

    /** Before the name of the target that begins. */
    static final String BEGIN = "begin\t";

    /** Before the key of what an input has shown. */
    static final String FOUND = "found\t";

    private final List<Target> targets;
    private final Path root;
    private final Path out;
    private final long seed;
    private final Feedback feedback;
    private final Trial trial;
    private final Scratch scratch;
    private final Watch watch;
    private final Set<String> known = new HashSet<>();

    /** What is read just now. */
    private Target target;

    private Input input;
    private byte[] packed;
    private long number;

    private Worker(
            List<Target> targets, Path root, Path out, Path work, long seed, long endlessNanos, Feedback feedback)
            throws IOException {
        this.targets = targets;
        this.root = root;
        this.out = out;
        this.seed = seed;
        this.feedback = feedback;
        trial = new Trial(Workplace.of(work));
        scratch = Scratch.open(out.resolve("scratch"));
        watch = new Watch(Thread.currentThread(), endlessNanos, this::hangs);
    }

    /** @param arguments the class that has all targets, the folder of all corpora, that of what is found, that where inputs lie, the seed, after how many nanoseconds of processor time an input has no end, and a {@link Share} for each target */
    public static void main(String[] arguments, Feedback feedback) throws Exception {
        @SuppressWarnings("unchecked")
        var targets = (Supplier<List<Target>>)
                Class.forName(arguments[0]).getDeclaredConstructor().newInstance();
        var worker = new Worker(
                targets.get(),
                Path.of(arguments[1]),
                Path.of(arguments[2]),
                Path.of(arguments[3]),
                Long.parseLong(arguments[4]),
                Long.parseLong(arguments[5]),
                feedback);
        worker.watch.start();
        for (String share : List.of(arguments).subList(6, arguments.length)) {
            worker.work(Share.parse(share));
        }
    }

    private void work(Share share) throws IOException, InterruptedException {
        long start = System.nanoTime();
        target = Targets.named(share.target(), targets);
        say(BEGIN + target.name());
        Corpus corpus = Corpus.open(target, root, out.resolve("corpus"));
        feedback.forget();
        NativeMemory before = NativeMemory.now();
        long read = 0;
        number = 0;
        packed = new byte[0];
        for (Input given : List.copyOf(corpus.inputs())) {
            number--;
            if (!share.deadly().contains(number)) {
                found(run(given));
            }
        }
        feedback.news();
        var drawn = new CRC32();
        var mutator = new Mutator(target);
        long done = 0;
        for (number = share.from(); number < share.inputs(); number++) {
            if ((System.nanoTime() - start) / 1_000_000 >= share.millis()) {
                break;
            }
            var random = new SplittableRandom(seed * 1_000_003 + number);
            Trial.Result result = run(mutator.changed(corpus.choose(random), corpus.choose(random), random));
            done++;
            read += result.verdict() == Trial.Verdict.READ ? 1 : 0;
            drawn.update(packed);
            // Of other threads nobody knows which input they were at.
            boolean news = share.grows() && target.counted() && feedback.news();
            if (!found(result) && news) {
                corpus.add(input);
            }
        }
        if (target.counted()) {
            left(before);
        }
        Feedback.Counts counts = feedback.counts();
        say(ROW
                + String.join(
                        "\t",
                        target.name(),
                        Long.toString(done),
                        Long.toString(drawn.getValue()),
                        Long.toString(read),
                        Integer.toString(corpus.inputs().size()),
                        Long.toString((System.nanoTime() - start) / 1_000_000),
                        Integer.toString(counts.branches()),
                        Integer.toString(counts.ofBranches()),
                        Integer.toString(counts.lines()),
                        Integer.toString(counts.ofLines())));
    }

    /** What no single input shows: memory of arenas that nobody closes, and what all held at a time. */
    private void left(NativeMemory before) throws IOException, InterruptedException {
        NativeMemory after = NativeMemory.settled(before.bytes() + MOST_LEFT_BYTES);
        String what = null;
        if (after.bytes() > before.bytes() + MOST_LEFT_BYTES) {
            what = "all inputs together left " + (after.bytes() - before.bytes()) + " bytes outside the heap";
        } else if (after.peak() > before.peak() && after.peak() - before.bytes() > Trial.most(Mutator.MOST_BYTES)) {
            what = "one of the inputs took " + (after.peak() - before.bytes()) + " bytes outside the heap";
        }
        if (what != null) {
            keep(new Finding("native", what, ""));
        }
    }

    private Trial.Result run(Input next) throws IOException {
        input = next;
        packed = input.packed(target);
        scratch.put(targets.indexOf(target), number, packed);
        watch.begin();
        Trial.Result result = trial.run(target, input);
        watch.end();
        scratch.clear();
        return result;
    }

    /** Keeps what an input shows, if nothing of before has shown it. */
    private boolean found(Trial.Result result) throws IOException {
        return result.finding().isPresent() && keep(result.finding().get());
    }

    private boolean keep(Finding finding) throws IOException {
        if (!known.add(target.name() + finding.key())) {
            return false;
        }
        keep(out, target, finding, packed, seed);
        say(FOUND + finding.key());
        return true;
    }

    /** Writes an input and what it showed. */
    static void keep(Path out, Target target, Finding finding, byte[] packed, long seed) throws IOException {
        Path folder = Files.createDirectories(out.resolve("findings").resolve(target.name()));
        String name = finding.fileName(packed);
        Files.write(folder.resolve(name), packed);
        Files.writeString(
                folder.resolve(name + ".txt"),
                finding.kind() + ": " + finding.what() + "\nseed " + seed + "\n" + finding.stack());
    }

    private void hangs(Finding finding) {
        try {
            keep(finding);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            Runtime.getRuntime().halt(HANGS);
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
