package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;

/**
 * Peak memory of an engine: a process of its own loads it, runs a scenario for some seconds and reports the most memory it ever had in
 * use (VmHWM), that of the JVM itself included.
 *
 * @param loadedBytes the peak when the model was loaded
 * @param peakBytes the peak at the end
 */
public record PeakMemory(String name, String label, String scenario, int threads, long loadedBytes, long peakBytes) {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long RUN_NANOS = 3_000_000_000L;

    public static boolean isAvailable() {
        return Files.exists(STATUS);
    }

    /** Starts the process, in a JVM like this one, and waits for it. */
    static PeakMemory of(Contender contender, String scenario, Lineup.Choice choice) throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), PeakMemory.class.getName()));
        command.addAll(List.of(contender.name(), scenario, String.valueOf(choice.threads())));
        command.add(choice.adaptive().map(Path::toString).orElse(""));
        command.add(String.valueOf(contender.budget()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Stream<String> lines = process.inputReader().lines()) {
            String[] values = lines.toList().getLast().split(" ");
            return new PeakMemory(
                    contender.name(),
                    contender.label(),
                    scenario,
                    choice.threads(),
                    Long.parseLong(values[0]),
                    Long.parseLong(values[1]));
        } catch (RuntimeException e) {
            throw new IOException("the process that measures memory of " + contender.name() + " failed", e);
        } finally {
            process.destroy();
        }
    }

    /** What the process runs: prints loaded and peak bytes. */
    public static void main(String[] args) throws IOException, OrtException {
        var choice = new Lineup.Choice(
                Integer.parseInt(args[2]),
                List.of(Double.parseDouble(args[4])),
                Optional.of(args[3]).filter(path -> !path.isEmpty()).map(Path::of),
                args[0]::equals);
        Scenario scenario;
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            scenario = Scenario.all(minilm.tokenizer()).stream()
                    .filter(s -> s.name().equals(args[1]))
                    .findFirst()
                    .orElseThrow();
        }
        try (Lineup lineup = Lineup.open(choice);
                ExecutorService threads = Executors.newFixedThreadPool(scenario.callers())) {
            long loaded = peak();
            new Lane(lineup.of(scenario).getFirst(), scenario, threads).warmUp(RUN_NANOS);
            System.out.println(loaded + " " + peak());
        }
    }

    private static long peak() throws IOException {
        return bytes("VmHWM");
    }

    /** What Linux says of this process: {@code VmHWM}, the most memory that it had, or {@code VmRSS}, what it has now. */
    public static long bytes(String field) throws IOException {
        try (Stream<String> lines = Files.lines(STATUS)) {
            return parse(lines.filter(line -> line.startsWith(field + ":"))
                    .findFirst()
                    .orElseThrow());
        }
    }

    /** Bytes of a line such as {@code VmHWM:   123456 kB}. */
    static long parse(String line) {
        String[] parts = line.split("\\s+");
        if (parts.length != 3 || !parts[2].equals("kB")) {
            throw new IllegalArgumentException("not a line of " + STATUS + ": '" + line + "'");
        }
        return Long.parseLong(parts[1]) * 1024;
    }
}
