package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_version_t;
import io.tokenwise.natives.loading.JarLibrary;
import io.tokenwise.natives.loading.SharedLibrary;
import io.tokenwise.natives.loading.UnfitLibraryException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * Finds oneDNN's shared library and loads it, once for this class loader: the generated bindings look symbols up there, so a
 * process has one oneDNN whatever number of {@link OneDnn} it opens. A file is judged before it is loaded for good.
 */
final class OneDnnLibrary {
    static final String LIBRARY_PROPERTY = "tokenwise.onednn.library";

    private static final String SYSTEM_NAME = "libdnnl.so.3";
    /** The oldest that was tried. Major version 4 may change the meaning of a call. */
    private static final int MAJOR = 3;

    private static final int OLDEST_MINOR = 7;

    private static final Linker LINKER = Linker.nativeLinker();

    /** libdnnl finds libgomp beside itself (its RUNPATH is $ORIGIN). */
    private static final JarLibrary.Content JAR = new JarLibrary.Content(
            "onednn", "org/bytedeco/dnnl/linux-x86_64/", List.of("libgomp.so.1", "libdnnl.so.3"));

    private OneDnnLibrary() {}

    /** Loads the library, unless it is, and returns where it came from. A null file means the usual places. */
    static synchronized String load(Path file) throws OneDnnUnavailableException {
        Optional<MemorySegment> loaded = SymbolLookup.loaderLookup().find("dnnl_version");
        if (loaded.isPresent()) {
            return alreadyLoaded(SharedLibrary.fileOf(loaded.get()), file);
        }
        if (file != null) {
            try {
                return loadFile(file);
            } catch (UnfitLibraryException e) {
                throw new OneDnnUnavailableException("oneDNN is not available: " + file + ": " + e.getMessage());
            }
        }
        StringJoiner tried = new StringJoiner("; ");
        try {
            return loadFromJar();
        } catch (UnfitLibraryException e) {
            tried.add("org.bytedeco:dnnl (linux-x86_64): " + e.getMessage());
        }
        try {
            return loadFromSystem();
        } catch (UnfitLibraryException e) {
            tried.add("system: " + e.getMessage());
        }
        throw new OneDnnUnavailableException("oneDNN is not available: " + tried
                + "; put that jar on the class path, install libdnnl, or set -D" + LIBRARY_PROPERTY + "=FILE");
    }

    private static String alreadyLoaded(String location, Path requested) throws OneDnnUnavailableException {
        try {
            judge(SymbolLookup.loaderLookup());
            if (requested == null || Files.isSameFile(requested, Path.of(location))) {
                return location;
            }
        } catch (UnfitLibraryException e) {
            throw new OneDnnUnavailableException(
                    "oneDNN is not available: this process already uses " + location + ", and " + e.getMessage());
        } catch (IOException e) {
            // One of the two is no file any more, so they differ.
        }
        throw new OneDnnUnavailableException("oneDNN is not available: " + requested
                + " cannot be loaded, because this process already uses " + location + "; only one can be");
    }

    private static String loadFile(Path file) throws UnfitLibraryException {
        try (Arena arena = Arena.ofConfined()) {
            SharedLibrary.load(file, arena, OneDnnLibrary::judge);
        }
        return stayingLoaded(file);
    }

    private static String loadFromJar() throws UnfitLibraryException {
        if (!JAR.isThere()) {
            throw new UnfitLibraryException("not on the class path");
        }
        try (JarLibrary library = JarLibrary.unpack(JAR)) {
            try {
                return loadFile(library.file());
            } catch (UnfitLibraryException e) {
                if (!library.isKept()) {
                    throw e;
                }
            }
            // The JVM loads a file for one class loader only, and another one of this process may have the one that is
            // kept.
            try (JarLibrary own = JarLibrary.unpackForNow(JAR)) {
                return loadFile(own.file());
            }
        } catch (IOException e) {
            throw new UnfitLibraryException("unpacking it failed: " + e);
        }
    }

    private static String loadFromSystem() throws UnfitLibraryException {
        try (Arena arena = Arena.ofConfined()) {
            return stayingLoaded(
                    SharedLibrary.loadFromSystem(SYSTEM_NAME, "dnnl_version", arena, OneDnnLibrary::judge));
        }
    }

    /**
     * Also when its class loader is gone. All oneDNN of a process share C++'s unique symbols: one that was unloaded has destroyed what others go on using (seen: closing an engine spun for ever on a lock that was freed).
     */
    private static String stayingLoaded(Path file) {
        SymbolLookup.libraryLookup(file, Arena.global());
        return file.toString();
    }

    /** Checks version, kind of threads and symbols. */
    private static void judge(SymbolLookup library) throws UnfitLibraryException {
        MemorySegment version = library.find("dnnl_version")
                .orElseThrow(
                        () -> new UnfitLibraryException("it is not oneDNN 2 or newer: it has no symbol dnnl_version"));
        MemorySegment found = dnnl_version_t.reinterpret(call(version), Arena.global(), null);
        int major = dnnl_version_t.major(found);
        int minor = dnnl_version_t.minor(found);
        if (major != MAJOR || minor < OLDEST_MINOR) {
            throw new UnfitLibraryException("it is oneDNN " + major + "." + minor + ", but " + MAJOR + "."
                    + OLDEST_MINOR + " or a newer " + MAJOR + ".x is needed");
        }
        int runtime = dnnl_version_t.cpu_runtime(found);
        if (runtime != Dnnl.DNNL_RUNTIME_OMP() && runtime != Dnnl.DNNL_RUNTIME_SEQ()) {
            throw new UnfitLibraryException("it was built for another thread pool (cpu_runtime " + runtime
                    + "), but only OpenMP and sequential builds can be held to one thread");
        }
        SharedLibrary.require(library, SharedLibrary.boundFunctions(Dnnl.class));
        if (runtime == Dnnl.DNNL_RUNTIME_OMP()
                && library.find("omp_set_num_threads").isEmpty()) {
            throw new UnfitLibraryException("its OpenMP has no symbol omp_set_num_threads");
        }
    }

    private static MemorySegment call(MemorySegment function) {
        MethodHandle handle = LINKER.downcallHandle(function, FunctionDescriptor.of(ADDRESS));
        try {
            return (MemorySegment) handle.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
