package io.tokenwise.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM that reads: {@link Child}. It ends with us, however we end, and its workplace is gone then. */
final class ReadingJvm implements AutoCloseable {
    /** Exit codes of a JVM that was told to end, by Ctrl-C and by a signal. */
    static final int INTERRUPTED = 130;

    static final int TERMINATED = 143;

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

    private final Process process;
    private final Workplace place;
    private final Thread ending = new Thread(this::end, "ending");

    /** That it is gone says nothing of its input then. */
    private volatile boolean ended;

    /** @param arguments of {@link Worker}, in its workplace */
    ReadingJvm(Path out, Workplace place, List<String> arguments) throws IOException {
        this.place = place;
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(FLAGS);
        command.add("-XX:ErrorFile=" + out.resolve("jvm-crash-%p.log"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Child.class.getName()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Runtime.getRuntime().addShutdownHook(ending);
    }

    Process process() {
        return process;
    }

    BufferedReader lines() {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    /** @throws IOException if somebody has told it to end */
    int code() throws IOException, InterruptedException {
        int code = process.waitFor();
        if (ended || code == INTERRUPTED || code == TERMINATED) {
            throw new IOException("the reading JVM was told to end");
        }
        return code;
    }

    private void end() {
        ended = true;
        process.destroyForcibly().onExit().join();
        try {
            place.close();
        } catch (IOException _) {
            // Somebody else deletes it just now, or nobody can.
        }
    }

    /** Ends it, and leaves the workplace to the next one. */
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
        try {
            Runtime.getRuntime().removeShutdownHook(ending);
        } catch (IllegalStateException _) {
            // We end, and it runs.
        }
    }
}
