package io.tokenwise.bench.faults;

import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.Safetensors;
import io.tokenwise.train.TrainingOutput;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Kills a training (SIGKILL) at random moments of its length and starts it again, until it comes to its end; what it then leaves must be, bit for bit, what a training leaves that nobody
 * disturbed. So again and again. After each kill nothing half written may have a final name.
 */
final class KilledTraining {
    /** Exit code of a process that signal 9 has ended. */
    private static final int KILLED = 137;

    /** What may be there at any time, by name. */
    private static final List<String> STAYING =
            List.of("model", ".model.lock", "vocabulary.js", "whole", "out", ".whole.lock", ".out.lock");

    /** What there was when the process was killed. */
    enum Moment {
        /** No checkpoint yet. */
        BEFORE,
        /** A checkpoint, and nothing half written. */
        BETWEEN,
        /** A file or folder in the making, under a hidden name. */
        WRITING,
        /** The model under its name. */
        MODEL
    }

    /**
     * What was seen.
     *
     * @param kills how many in all
     * @param ends how many trainings came to their end; each was compared
     * @param millis how long an undisturbed training takes, without the start of its JVM
     */
    record Seen(int kills, int ends, Map<Moment, Integer> moments, long millis) {
        int at(Moment moment) {
            return moments.getOrDefault(moment, 0);
        }
    }

    private final SmallTraining training;
    private final SplittableRandom random;
    private final Path errors;
    private final Path folder;
    private final Path model;
    private final Path whole;
    private final Path out;

    /** How long the last process took to begin. */
    private long startNanos;

    /** @param root an empty folder */
    KilledTraining(SmallTraining training, long seed, Path root) throws IOException {
        this.training = training;
        random = new SplittableRandom(seed);
        errors = root.resolve("stderr.txt");
        folder = Files.createDirectory(root.resolve("work"));
        model = folder.resolve("model");
        whole = folder.resolve("whole");
        out = folder.resolve("out");
    }

    /** @throws IOException if something is not as it must be; the message says what, and the folder is left as it was then */
    Seen run(int kills) throws IOException, InterruptedException {
        training.writeModel(model);
        live(whole, Long.MAX_VALUE);
        long begin = System.nanoTime();
        live(out, Long.MAX_VALUE);
        long nanos = System.nanoTime() - begin - startNanos;
        compare();
        var moments = new EnumMap<Moment, Integer>(Moment.class);
        int killed = 0;
        int ends = 0;
        for (boolean unfinished = false; killed < kills || unfinished; ) {
            boolean ended = live(out, killed < kills ? random.nextLong(nanos) : Long.MAX_VALUE);
            if (!ended) {
                killed++;
                moments.merge(moment(), 1, Integer::sum);
                // Killed after all was done: nothing is left to go on from.
                ended = Files.exists(out) && !Files.exists(TrainingOutput.checkpoint(out));
            }
            if (ended) {
                compare();
                ends++;
            }
            unfinished = !ended;
        }
        return new Seen(killed, ends, moments, TimeUnit.NANOSECONDS.toMillis(nanos));
    }

    /** Starts the training, or lets it go on, and kills it after a while. Whether it came to its end before. */
    private boolean live(Path to, long nanos) throws IOException, InterruptedException {
        var command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        // Without the Vector API, whose loops take seconds until they are compiled.
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TrainingMain.class.getName()));
        command.addAll(List.of(training.name(), model.toString(), to.toString()));
        long start = System.nanoTime();
        Process process =
                new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try (BufferedReader says = process.inputReader()) {
            boolean begun = hasBegun(says);
            startNanos = System.nanoTime() - start;
            if (begun && !process.waitFor(nanos, TimeUnit.NANOSECONDS)) {
                process.destroyForcibly();
            }
            int code = process.waitFor();
            if (code == KILLED) {
                return false;
            }
            if (code != 0) {
                throw new IOException(training.label() + ": the training ended with " + code + ": "
                        + Files.readString(errors).strip());
            }
            return true;
        } finally {
            process.destroyForcibly();
        }
    }

    /** Reads on, for a JVM may say something first; false if it ended before. */
    private static boolean hasBegun(BufferedReader says) throws IOException {
        String line = says.readLine();
        while (line != null && !line.equals(TrainingMain.BEGUN)) {
            line = says.readLine();
        }
        return line != null;
    }

    /** What a kill has left, all of it whole that has a final name. */
    private Moment moment() throws IOException {
        boolean writing = false;
        for (String name : names(folder)) {
            boolean hidden = name.startsWith(".out.") && (name.endsWith(".tmp") || name.endsWith(".old"));
            writing |= hidden;
            if (!hidden && !name.equals("out.checkpoint") && !STAYING.contains(name)) {
                throw new IOException(training.label() + ": a kill has left " + folder.resolve(name));
            }
        }
        Path checkpoint = TrainingOutput.checkpoint(out);
        if (Files.exists(checkpoint)) {
            // Fails unless the file is as long as its header says.
            Safetensors.open(checkpoint).close();
        }
        if (Files.exists(out)) {
            compareFiles();
            return Moment.MODEL;
        }
        return writing ? Moment.WRITING : Files.exists(checkpoint) ? Moment.BETWEEN : Moment.BEFORE;
    }

    /** After the end: the same files, and nothing besides. Then they are deleted. */
    private void compare() throws IOException {
        compareFiles();
        for (String name : names(folder)) {
            if (!STAYING.contains(name)) {
                throw new IOException(training.label() + ": is at its end and has left " + folder.resolve(name));
            }
        }
        AtomicFiles.deleteTree(out);
    }

    private void compareFiles() throws IOException {
        List<Path> expected = files(whole);
        if (!files(out).equals(expected)) {
            throw new IOException(training.label() + ": " + out + " has the files " + files(out) + ", not " + expected);
        }
        for (Path file : expected) {
            long at = Files.mismatch(whole.resolve(file), out.resolve(file));
            if (at >= 0) {
                throw new IOException(training.label() + ": " + out.resolve(file) + " differs at byte " + at
                        + " from that of a training that nobody disturbed");
            }
        }
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .map(root::relativize)
                    .sorted()
                    .toList();
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
