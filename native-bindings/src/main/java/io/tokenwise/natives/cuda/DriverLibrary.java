package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.tokenwise.natives.generated.cuda.DriverApi;
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

/** Finds the driver's library, libcuda, and loads it, once for this class loader. It belongs to the kernel module, so no jar brings it. */
final class DriverLibrary {
    static final String PROPERTY = "tokenwise.cuda.driver";

    /** Driver 550, the first that has all that is bound. */
    static final int OLDEST = 12040;

    private static final String SYSTEM_NAME = "libcuda.so.1";

    /** What can be done without: see {@link CuFunction}. */
    private static final String OPTIONAL = "cuFuncGetParamInfo";

    private DriverLibrary() {}

    /** Loads the library, unless it is, and returns where it came from. A null file means the system's. */
    static synchronized String load(Path file) throws CudaUnavailableException {
        Optional<MemorySegment> loaded = SymbolLookup.loaderLookup().find("cuDriverGetVersion");
        if (loaded.isPresent()) {
            return alreadyLoaded(SharedLibrary.fileOf(loaded.get()), file);
        }
        try {
            if (file == null) {
                return SharedLibrary.loadFromSystem(
                                SYSTEM_NAME, "cuDriverGetVersion", Arena.global(), DriverLibrary::judge)
                        .toString();
            }
            // What was opened once stays, since a driver's threads and exit handlers may be left.
            SharedLibrary.load(file, Arena.global(), DriverLibrary::judge);
            return file.toString();
        } catch (UnfitLibraryException e) {
            throw new CudaUnavailableException(
                    file == null
                            ? "CUDA is not available: " + e.getMessage()
                                    + "; install NVIDIA's driver, 550 or newer, or set -D" + PROPERTY + "=FILE"
                            : "CUDA is not available: " + file + ": " + e.getMessage());
        }
    }

    static boolean has(String symbol) {
        return SymbolLookup.loaderLookup().find(symbol).isPresent();
    }

    static boolean tellsParameters() {
        return has(OPTIONAL);
    }

    private static String alreadyLoaded(String location, Path requested) throws CudaUnavailableException {
        try {
            if (requested == null || Files.isSameFile(requested, Path.of(location))) {
                return location;
            }
        } catch (IOException e) {
            // One of the two is no file any more, so they differ.
        }
        throw new CudaUnavailableException("CUDA is not available: " + requested
                + " cannot be loaded, because this process already uses " + location + "; only one can be");
    }

    private static void judge(SymbolLookup library) throws UnfitLibraryException {
        MemorySegment function = library.find("cuDriverGetVersion")
                .orElseThrow(
                        () -> new UnfitLibraryException("it is no CUDA driver: it has no symbol cuDriverGetVersion"));
        int version = version(function);
        if (version < OLDEST) {
            throw new UnfitLibraryException("the driver is too old: it serves CUDA " + Device.version(version)
                    + ", but " + Device.version(OLDEST) + " (driver 550) or newer is needed");
        }
        SharedLibrary.require(library, needed());
    }

    static List<String> needed() {
        return SharedLibrary.boundFunctions(DriverApi.class).stream()
                .filter(name -> !name.equals(OPTIONAL))
                .toList();
    }

    private static int version(MemorySegment function) throws UnfitLibraryException {
        MethodHandle handle = Linker.nativeLinker().downcallHandle(function, FunctionDescriptor.of(JAVA_INT, ADDRESS));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment version = arena.allocate(JAVA_INT);
            int code = (int) handle.invokeExact(version);
            if (code == DriverApi.CUDA_ERROR_STUB_LIBRARY()) {
                throw new UnfitLibraryException("it is the toolkit's stub for linking, no driver");
            }
            if (code != DriverApi.CUDA_SUCCESS()) {
                throw new UnfitLibraryException("cuDriverGetVersion fails with " + code);
            }
            return version.get(JAVA_INT, 0);
        } catch (UnfitLibraryException | Error | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
