package io.tokenwise.cost;

import io.tokenwise.backend.Backend;
import io.tokenwise.io.Processor;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.natives.OneDnn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;
import java.util.zip.ZipFile;

/**
 * On what a table was measured. Times of one machine say nothing of another.
 *
 * @param cpu name of the processor
 * @param instructions as {@link Backend#instructions} tells
 * @param backend its name, with the version of its library
 * @param precision in which it multiplies matrices
 * @param threads that computed: 1
 * @param jvm version of the Java runtime, with its build
 * @param build of Tokenwise: checksums of its kernels, native bindings and backends
 */
public record Machine(
        String cpu, String instructions, String backend, String precision, int threads, String jvm, String build) {
    private static final int LONGEST = 200;

    /** @throws IllegalArgumentException if something is absent, or longer than any name is */
    public Machine {
        fields(cpu, instructions, backend, precision, threads, jvm, build).forEach((name, value) -> {
            if (value == null || value.isBlank() || value.length() > LONGEST) {
                throw new IllegalArgumentException("machine: " + name + " is "
                        + (value == null || value.isBlank() ? "missing" : value.length() + " characters long")
                        + ", must have 1 to " + LONGEST + " characters");
            }
        });
    }

    /** This one, with a backend as it runs here. */
    public static Machine of(Backend backend) {
        return new Machine(
                Processor.name(),
                backend.instructions(),
                backend.name(),
                backend.precision().label(),
                1,
                Runtime.version().toString(),
                String.join(" ", build(Kernels.class), build(OneDnn.class), build(Backend.class)));
    }

    /**
     * Of the classes in a class's package, a checksum of their checksums in the jar, which packing them anew leaves as it is. A folder of classes, as in
     * tests, has none.
     */
    private static String build(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        if (source == null || !"file".equals(source.getLocation().getProtocol())) {
            return "built-in";
        }
        try {
            Path file = Path.of(source.getLocation().toURI());
            return Files.isDirectory(file)
                    ? "classes"
                    : checksum(file, type.getPackageName().replace('.', '/') + "/");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(source + " has no path", e);
        }
    }

    private static String checksum(Path jar, String folder) throws IOException {
        var sum = new CRC32C();
        try (var files = new ZipFile(jar.toFile())) {
            files.stream()
                    .filter(entry -> entry.getName().startsWith(folder))
                    .map(entry -> entry.getName() + " " + entry.getCrc() + "\n")
                    .sorted()
                    .forEach(line -> sum.update(line.getBytes(StandardCharsets.UTF_8)));
        }
        return Long.toHexString(sum.getValue());
    }

    /** The first thing in which a table's machine is not this one, in words; empty if there is none. */
    Optional<String> difference(Machine table) {
        Map<String, String> theirs = table.fields();
        return fields().entrySet().stream()
                .filter(field -> !field.getValue().equals(theirs.get(field.getKey())))
                .map(field -> field.getKey() + " was " + theirs.get(field.getKey()) + ", here " + field.getValue())
                .findFirst();
    }

    private Map<String, String> fields() {
        return fields(cpu, instructions, backend, precision, threads, jvm, build);
    }

    private static Map<String, String> fields(
            String cpu, String instructions, String backend, String precision, int threads, String jvm, String build) {
        var fields = new LinkedHashMap<String, String>();
        fields.put("cpu", cpu);
        fields.put("instructions", instructions);
        fields.put("backend", backend);
        fields.put("precision", precision);
        fields.put("threads", String.valueOf(threads));
        fields.put("jvm", jvm);
        fields.put("build", build);
        return fields;
    }
}
