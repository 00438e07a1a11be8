package io.tokenwise.natives;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_version_t;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
    private static final MemoryLayout DL_INFO = MemoryLayout.structLayout(ADDRESS, ADDRESS, ADDRESS, ADDRESS);

    private OneDnnLibrary() {}

    /** A place that does not serve; the message says why. */
    private static final class Unfit extends Exception {
        private static final long serialVersionUID = 1L;

        Unfit(String reason) {
            super(reason);
        }
    }

    /** Loads the library, unless it is, and returns where it came from. A null file means the usual places. */
    static synchronized String load(Path file) throws OneDnnUnavailableException {
        Optional<MemorySegment> loaded = SymbolLookup.loaderLookup().find("dnnl_version");
        if (loaded.isPresent()) {
            return alreadyLoaded(fileOf(loaded.get()), file);
        }
        if (file != null) {
            try {
                return loadFile(file);
            } catch (Unfit e) {
                throw new OneDnnUnavailableException("oneDNN is not available: " + file + ": " + e.getMessage());
            }
        }
        StringJoiner tried = new StringJoiner("; ");
        try {
            return loadFromJar();
        } catch (Unfit e) {
            tried.add("org.bytedeco:dnnl (linux-x86_64): " + e.getMessage());
        }
        try {
            return loadFromSystem();
        } catch (Unfit e) {
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
        } catch (Unfit e) {
            throw new OneDnnUnavailableException(
                    "oneDNN is not available: this process already uses " + location + ", and " + e.getMessage());
        } catch (IOException e) {
            // One of the two is no file any more, so they differ.
        }
        throw new OneDnnUnavailableException("oneDNN is not available: " + requested
                + " cannot be loaded, because this process already uses " + location + "; only one can be");
    }

    private static String loadFile(Path file) throws Unfit {
        if (!file.isAbsolute()) {
            throw new Unfit("the path must be absolute");
        }
        if (!Files.isRegularFile(file)) {
            throw new Unfit("there is no such file");
        }
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library;
            try {
                library = SymbolLookup.libraryLookup(file, arena);
            } catch (IllegalArgumentException e) {
                throw new Unfit(whyNotLoadable(file));
            }
            judge(library);
            System.load(file.toString());
        } catch (UnsatisfiedLinkError e) {
            throw new Unfit(oneLine(file, e));
        }
        return file.toString();
    }

    private static String loadFromJar() throws Unfit {
        if (!JarLibrary.isThere()) {
            throw new Unfit("not on the class path");
        }
        try (JarLibrary library = JarLibrary.unpack()) {
            return loadFile(library.file());
        } catch (IOException e) {
            throw new Unfit("unpacking it failed: " + e);
        }
    }

    private static String loadFromSystem() throws Unfit {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library;
            try {
                library = SymbolLookup.libraryLookup(SYSTEM_NAME, arena);
            } catch (IllegalArgumentException e) {
                throw new Unfit("the dynamic linker finds no " + SYSTEM_NAME);
            }
            judge(library);
            // The bindings look into what System.load loaded, and that wants a path.
            return loadFile(Path.of(fileOf(library.findOrThrow("dnnl_version"))));
        }
    }

    /** Checks version, kind of threads and symbols. */
    private static void judge(SymbolLookup library) throws Unfit {
        MemorySegment version = library.find("dnnl_version")
                .orElseThrow(() -> new Unfit("it is not oneDNN 2 or newer: it has no symbol dnnl_version"));
        MemorySegment found = dnnl_version_t.reinterpret(call(version), Arena.global(), null);
        int major = dnnl_version_t.major(found);
        int minor = dnnl_version_t.minor(found);
        if (major != MAJOR || minor < OLDEST_MINOR) {
            throw new Unfit("it is oneDNN " + major + "." + minor + ", but " + MAJOR + "." + OLDEST_MINOR
                    + " or a newer " + MAJOR + ".x is needed");
        }
        int runtime = dnnl_version_t.cpu_runtime(found);
        if (runtime != Dnnl.DNNL_RUNTIME_OMP() && runtime != Dnnl.DNNL_RUNTIME_SEQ()) {
            throw new Unfit("it was built for another thread pool (cpu_runtime " + runtime
                    + "), but only OpenMP and sequential builds can be held to one thread");
        }
        for (String name : boundFunctions()) {
            if (library.find(name).isEmpty()) {
                throw new Unfit("it has no symbol " + name);
            }
        }
        if (runtime == Dnnl.DNNL_RUNTIME_OMP()
                && library.find("omp_set_num_threads").isEmpty()) {
            throw new Unfit("its OpenMP has no symbol omp_set_num_threads");
        }
    }

    /** The functions that the generated class binds: for each there is a method that gives its descriptor. */
    private static List<String> boundFunctions() {
        return Arrays.stream(Dnnl.class.getDeclaredMethods())
                .filter(method ->
                        Modifier.isPublic(method.getModifiers()) && method.getReturnType() == FunctionDescriptor.class)
                .map(method -> method.getName().substring(0, method.getName().length() - "$descriptor".length()))
                .sorted()
                .toList();
    }

    private static MemorySegment call(MemorySegment function) {
        MethodHandle handle = LINKER.downcallHandle(function, FunctionDescriptor.of(ADDRESS));
        try {
            return (MemorySegment) handle.invokeExact();
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** The file that an address was loaded from, by dladdr. */
    private static String fileOf(MemorySegment address) {
        MethodHandle dladdr = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("dladdr"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment info = arena.allocate(DL_INFO);
            if ((int) dladdr.invokeExact(address, info) == 0) {
                return SYSTEM_NAME;
            }
            return info.get(ADDRESS, 0).reinterpret(Integer.MAX_VALUE).getString(0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** SymbolLookup tells no reason; System.load does, and fails in the same way. */
    private static String whyNotLoadable(Path file) {
        try {
            System.load(file.toString());
            return "it could not be loaded";
        } catch (UnsatisfiedLinkError e) {
            return oneLine(file, e);
        }
    }

    /** The JVM and the dynamic linker each put the path in front; the caller names it already. */
    private static String oneLine(Path file, Throwable e) {
        return e.getMessage().replace(file + ": ", "").replace('\n', ' ');
    }
}
