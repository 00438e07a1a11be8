package io.tokenwise.fakecuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Builds a simulated CUDA driver for tests: a shared library, made by the machine's g++ from the kernels' own text, that runs them on the
 * CPU. It exports the driver's functions, NVRTC's and cuBLASLt's, so that one file serves as all three:
 *
 * <pre>{@code
 * Path library = FakeCuda.build(List.of(KernelSource.ofFiles(prelude, gemm)), Path.of("target/fake-cuda"));
 * FakeControls controls = FakeControls.of(library);
 * controls.allow(); // it finds no device otherwise
 * }</pre>
 *
 * <p>It involves no GPU and measures nothing about one.
 */
public final class FakeCuda {
    /** The C++ sources, resources beside this class. driver.cpp includes the other .cpp files. */
    private static final List<String> RESOURCES = List.of(
            "api.h",
            "arithmetic.h",
            "context.cpp",
            "control.cpp",
            "copies.h",
            "copying.cpp",
            "cublaslt.cpp",
            "driver.cpp",
            "faults.h",
            "fibers.h",
            "graphs.cpp",
            "grid.h",
            "image.h",
            "kernels.h",
            "launch.h",
            "memory.h",
            "modules.cpp",
            "nvrtc.cpp",
            "ordering.cpp",
            "registry.h",
            "run.h",
            "shim.h",
            "state.h",
            "streams.h",
            "tensor.h",
            "warp.h",
            "wgmma.h");

    private FakeCuda() {}

    /**
     * The library for these sources, built in the folder unless it is there already.
     *
     * @throws FakeCudaUnavailableException if this is no Linux on x86-64, or has no g++
     * @throws IOException if a source does not compile, with the compiler's words
     */
    public static synchronized Path build(List<KernelSource> sources, Path folder)
            throws FakeCudaUnavailableException, IOException {
        var compiler = Compiler.find();
        Files.createDirectories(folder);
        try (var channel =
                        FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = channel.lock()) {
            return new Build(compiler, folder.toAbsolutePath().normalize()).library(sources);
        }
    }

    private static final class Build {
        /** What each source of kernels includes. */
        private static final String KERNELS = "kernels.h";

        private final Compiler compiler;
        private final Path folder, headers;
        private final String version;

        Build(Compiler compiler, Path folder) throws IOException {
            this.compiler = compiler;
            this.folder = folder;
            var texts = new TreeMap<String, String>();
            for (var name : RESOURCES) {
                texts.put(name, resource(name));
            }
            version = Hashes.of(texts.toString(), compiler.identity());
            headers = folder.resolve("sources-" + version);
            if (!Files.isDirectory(headers)) {
                var unfinished = Files.createTempDirectory(folder, "sources");
                for (var text : texts.entrySet()) {
                    Files.writeString(unfinished.resolve(text.getKey()), text.getValue());
                }
                compiler.precompile(unfinished.resolve(KERNELS), unfinished.resolve(KERNELS + ".gch"));
                Files.move(unfinished, headers, StandardCopyOption.ATOMIC_MOVE);
            }
        }

        Path library(List<KernelSource> sources) throws IOException {
            var objects = new ArrayList<Path>();
            objects.add(compiled("driver", Files.readString(headers.resolve("driver.cpp"))));
            try {
                sources.parallelStream().map(this::compiled).forEachOrdered(objects::add);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            var library = folder.resolve("libtokenwise-fake-cuda-" + Hashes.of(objects.toString()) + ".so");
            if (!Files.exists(library)) {
                var unfinished = folder.resolve(library.getFileName() + ".unfinished");
                compiler.link(objects, unfinished);
                Files.move(unfinished, library, StandardCopyOption.ATOMIC_MOVE);
            }
            return library;
        }

        private Path compiled(KernelSource source) {
            try {
                return compiled(source.name(), RegisteredSource.of(source, compiler.preprocess(source.text())));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Path compiled(String name, String text) throws IOException {
            var stem = name + "-" + Hashes.of(version, text);
            var object = folder.resolve(stem + ".o");
            if (!Files.exists(object)) {
                var source = Files.writeString(folder.resolve(stem + ".cpp"), text);
                var unfinished = folder.resolve(stem + ".unfinished");
                compiler.compile(source, headers, unfinished);
                Files.move(unfinished, object, StandardCopyOption.ATOMIC_MOVE);
            }
            return object;
        }

        private static String resource(String name) throws IOException {
            try (var in = FakeCuda.class.getResourceAsStream(name)) {
                if (in == null) {
                    throw new IOException("the resource io/tokenwise/fakecuda/" + name + " is missing");
                }
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        }
    }
}
