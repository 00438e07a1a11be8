package io.tokenwise.bench;

import io.tokenwise.backend.cuda.CompiledAhead;
import io.tokenwise.testdata.WordNet;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * Makes a folder that runs {@code bench cuda} on a machine with a driver and nothing else: a Java runtime of the few modules that are needed, packed, our jars and
 * the libraries that they need for this, two models, texts, and the kernels compiled for {@value #ARCHITECTURE} if NVIDIA's compiler is here.
 */
final class CudaFolder {
    /** H100's and H200's. */
    static final String ARCHITECTURE = "sm_90";

    /** What can be brought to such a machine, less some room. */
    static final long MOST_BYTES = 60L << 20;

    private static final String MODULES =
            "java.base,java.logging,java.management,java.xml,jdk.incubator.vector,jdk.jfr,jdk.management";

    /** Folders of this build with classes, or the jars that are made of them. */
    private static final Set<String> OURS =
            Set.of("bench", "engine", "kernels", "native-bindings", "test-data", "minilm-acm", "vit-cifar10");

    /** Those of them that a repository around the folder has as well. */
    private static final Set<String> MODELS = Set.of("minilm-acm", "vit-cifar10");

    /** Beginnings of the names of jars. ONNX's readers are not among them: these models need none. */
    private static final List<String> OTHERS = List.of(
            "picocli-",
            "jackson-databind-3",
            "jackson-core-3",
            "jackson-annotations-",
            "slf4j-api-2",
            "slf4j-simple-2");

    private final Path folder;
    private final Set<String> ours;
    private final Optional<CompiledAhead.Compiler> compiler;
    private final PrintWriter err;

    private CudaFolder(Path folder, boolean models, Optional<CompiledAhead.Compiler> compiler, PrintWriter err) {
        this.folder = folder;
        this.compiler = compiler;
        this.err = err;
        ours = new HashSet<>(OURS);
        if (!models) {
            ours.removeAll(MODELS);
        }
    }

    /**
     * Makes it, and says how large it is.
     *
     * @param models whether it brings them; else it must lie in a copy of the repository, from which it takes them
     * @param compiler of kernels; without one NVRTC must be where the folder runs
     * @throws IllegalArgumentException if the folder has something in it
     * @throws IOException if something is missing here, or the folder is too large
     */
    static String make(Path folder, boolean models, Optional<CompiledAhead.Compiler> compiler, PrintWriter err)
            throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.list(folder)) {
                if (files.findAny().isPresent()) {
                    throw new IllegalArgumentException(folder + " is not empty; name a new folder");
                }
            }
        }
        Files.createDirectories(folder);
        return new CudaFolder(folder, models, compiler, err).make();
    }

    private String make() throws IOException {
        runtime();
        jars();
        Files.write(folder.resolve("texts.txt"), Scenario.bulkTexts(WordNet.load()));
        Files.writeString(folder.resolve("commit"), Commit.name() + "\n");
        if (compiler.isPresent()) {
            CompiledAhead.write(folder.resolve("cache"), ARCHITECTURE, compiler.orElseThrow());
        }
        script();
        var sizes = new TreeMap<String, Long>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sizes.merge(folder.relativize(file).getName(0).toString(), Files.size(file), Long::sum);
            }
        }
        long bytes = sizes.values().stream().mapToLong(size -> size).sum();
        sizes.forEach((name, size) -> err.printf(Locale.ROOT, "%-12s %6.1f MB%n", name, size * 1e-6));
        if (bytes > MOST_BYTES) {
            throw new IOException(folder + " is too large: " + bytes + " bytes, " + MOST_BYTES + " are the most");
        }
        return String.format(
                Locale.ROOT,
                "%s: %.1f MB, %s; start ./run in it",
                folder,
                bytes * 1e-6,
                compiler.isPresent()
                        ? "kernels for " + ARCHITECTURE
                        : "no kernels, since nvcc is missing here: NVRTC must be where it runs");
    }

    /** Packed: what travels counts. {@code run} unpacks it. */
    private void runtime() throws IOException {
        try (var work = TemporaryFolder.create("tokenwise-jlink-")) {
            String runtime = work.path().resolve("jre").toString();
            try {
                run(jlink("--strip-debug", runtime));
            } catch (IOException e) {
                // Without objcopy the libraries keep what debuggers want.
                run(jlink("--strip-java-debug-attributes", runtime));
            }
            // Not compressed by jlink: the archive's compression sees more.
            run(List.of(
                    "tar",
                    "-C",
                    work.path().toString(),
                    "-cJf",
                    folder.resolve("jre.tar.xz").toString(),
                    "jre"));
        }
    }

    private static List<String> jlink(String strip, String runtime) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "jlink").toString(),
                "--add-modules",
                MODULES,
                strip,
                "--no-header-files",
                "--no-man-pages",
                "--compress",
                "zip-0",
                "--output",
                runtime);
    }

    // ---- jars

    private void jars() throws IOException {
        Path lib = Files.createDirectories(folder.resolve("lib"));
        var missing = new ArrayList<>(ours);
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Path path = Path.of(entry);
            String name = name(path);
            if (ours.contains(name)) {
                missing.remove(name);
                pack(path, lib.resolve(name + ".jar"));
            } else if (OTHERS.stream().anyMatch(name::startsWith)) {
                pack(path, lib.resolve(name));
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException("not on the class path: " + String.join(", ", missing));
        }
    }

    /** {@code engine} of engine/target/classes and of engine.jar; of other jars the file's name. */
    private static String name(Path entry) {
        if (entry.endsWith(Path.of("target", "classes"))) {
            return entry.getParent().getParent().getFileName().toString();
        }
        String file = String.valueOf(entry.getFileName());
        String base = file.endsWith(".jar") ? file.substring(0, file.length() - ".jar".length()) : file;
        return OURS.contains(base) ? base : file;
    }

    /** Jars of a build are not compressed. */
    private static void pack(Path from, Path jar) throws IOException {
        try (OutputStream out = Files.newOutputStream(jar);
                var zip = new ZipOutputStream(out)) {
            zip.setLevel(Deflater.BEST_COMPRESSION);
            if (Files.isDirectory(from)) {
                packFolder(from, zip);
            } else {
                packJar(from, zip);
            }
        }
    }

    private static void packFolder(Path from, ZipOutputStream zip) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                zip.putNextEntry(new ZipEntry(from.relativize(file).toString().replace(File.separatorChar, '/')));
                Files.copy(file, zip);
                zip.closeEntry();
            }
        }
    }

    private static void packJar(Path from, ZipOutputStream zip) throws IOException {
        try (var jar = new ZipFile(from.toFile())) {
            for (ZipEntry entry : (Iterable<ZipEntry>) jar.stream().map(ZipEntry.class::cast)::iterator) {
                zip.putNextEntry(new ZipEntry(entry.getName()));
                try (InputStream in = jar.getInputStream(entry)) {
                    in.transferTo(zip);
                }
                zip.closeEntry();
            }
        }
    }

    private void script() throws IOException {
        Path run = folder.resolve("run");
        try (InputStream in = CudaFolder.class.getResourceAsStream("cuda_run.sh")) {
            Files.copy(in, run);
        }
        if (!run.toFile().setExecutable(true)) {
            throw new IOException(run + " cannot be made executable");
        }
    }

    static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(command.getFirst() + " was interrupted", e);
        }
    }
}
