package io.tokenwise.fakecuda;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The machine's g++. */
final class Compiler {
    // No contraction: a sum of products is rounded as it is written. No strict aliasing: kernels read bytes of shared
    // memory as floats. No vectors of what is not in a loop: g++ shuffles a thread's tile of sums before each of its
    // additions. Large frames are touched page by page, so that one too large for a thread's stack meets the guard
    // page, not its neighbour.
    private static final List<String> FLAGS = List.of(
            "-std=c++17",
            "-O2",
            "-fPIC",
            "-fvisibility=hidden",
            "-ffp-contract=off",
            "-fno-strict-aliasing",
            "-fno-tree-slp-vectorize",
            "-fstack-clash-protection",
            "-w");

    private final String version;
    private final List<String> flags;

    private Compiler(String version, List<String> flags) {
        this.version = version;
        this.flags = flags;
    }

    static Compiler find() throws FakeCudaUnavailableException, IOException {
        var system = System.getProperty("os.name") + " " + System.getProperty("os.arch");
        if (!system.equals("Linux amd64")) {
            throw new FakeCudaUnavailableException(
                    "the simulated CUDA driver is for Linux on x86-64, this is " + system);
        }
        String version;
        try {
            version = run(List.of("g++", "--version"), null);
        } catch (IOException e) {
            throw new FakeCudaUnavailableException(
                    "the simulated CUDA driver needs g++, which did not start: " + e.getMessage());
        }
        var flags = new ArrayList<>(FLAGS);
        if (hasVectors()) {
            flags.add("-march=x86-64-v3"); // fmaf as one instruction, and products of 8 floats at once
        }
        return new Compiler(version, List.copyOf(flags));
    }

    private static boolean hasVectors() throws IOException {
        var cpu = Path.of("/proc/cpuinfo");
        var words = Files.isReadable(cpu) ? List.of(Files.readString(cpu).split("\\s+")) : List.<String>of();
        return words.containsAll(List.of("avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"));
    }

    /** What a result depends on beside the texts. */
    String identity() {
        return version + flags;
    }

    /** The text with macros expanded, but those of the simulation. */
    String preprocess(String text) throws IOException {
        return run(List.of("g++", "-E", "-P", "-w", "-DTOKENWISE_FAKE=1", "-x", "c++", "-"), text);
    }

    void compile(Path source, Path headers, Path object) throws IOException {
        var command = new ArrayList<>(List.of("g++"));
        command.addAll(flags);
        command.addAll(List.of("-I" + headers, "-c", source.toString(), "-o", object.toString()));
        run(command, null);
    }

    /** g++ takes it in place of the header beside which it lies, for the same flags. */
    void precompile(Path header, Path precompiled) throws IOException {
        var command = new ArrayList<>(List.of("g++"));
        command.addAll(flags);
        command.addAll(List.of("-x", "c++-header", header.toString(), "-o", precompiled.toString()));
        run(command, null);
    }

    void link(List<Path> objects, Path library) throws IOException {
        var command = new ArrayList<>(List.of("g++", "-shared", "-o", library.toString()));
        objects.forEach(object -> command.add(object.toString()));
        command.add("-lpthread");
        run(command, null);
    }

    private static String run(List<String> command, String input) throws IOException {
        var output = Files.createTempFile("tokenwise", ".txt");
        var given = Files.createTempFile("tokenwise", ".in");
        try {
            Files.writeString(given, input == null ? "" : input);
            var process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(given.toFile())
                    .redirectOutput(output.toFile())
                    .start();
            int code = process.waitFor();
            var said = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            if (code != 0) {
                throw new IOException("g++ failed with " + code + " (" + String.join(" ", command) + ")\n" + said);
            }
            return said;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while g++ ran");
        } finally {
            Files.delete(output);
            Files.delete(given);
        }
    }
}
