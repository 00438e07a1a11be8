package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cublaslt.CublasLtApi;
import io.tokenwise.natives.loading.SharedLibrary;
import io.tokenwise.natives.loading.UnfitLibraryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/**
 * cuBLASLt on a {@link Cuda}: dense products. The library is looked for in the file that the system property {@value #PROPERTY} names; else where
 * the system's dynamic linker looks; else in the folders of {@value ToolkitLibrary#FOLDERS}. Threads may share it.
 */
public final class CublasLt extends Handle {
    static final String PROPERTY = "tokenwise.cuda.cublaslt";

    private static final ToolkitLibrary LIBRARY = new ToolkitLibrary(
            "cuBLASLt",
            PROPERTY,
            null,
            null,
            List.of("libcublasLt.so.13", "libcublasLt.so.12"),
            "cublasLtGetVersion",
            CublasLt::judge,
            library -> {});

    private final String location;

    private CublasLt(Cuda cuda, MemorySegment handle, String location) {
        super(cuda, handle);
        this.location = location;
    }

    /** Loads the library from the first place that has it, and begins to use it on the device. */
    public static CublasLt open(Cuda cuda) throws CudaUnavailableException {
        String location;
        try {
            location = LIBRARY.load();
        } catch (IllegalCallerException e) {
            // Native access is forbidden to this module.
            throw new CudaUnavailableException("cuBLASLt is not available: " + e.getMessage());
        }
        try {
            return cuda.make(
                    "cublasLtCreate", CublasLt::create, (owner, handle) -> new CublasLt(owner, handle, location));
        } catch (CudaException e) {
            throw new CudaUnavailableException("cuBLASLt is not available: " + location + ": " + e.getMessage());
        }
    }

    /** Its status is checked here, since it is not one of the driver's. */
    private static int create(MemorySegment out) {
        int status = CublasLtApi.cublasLtCreate(out);
        LtDescriptors.check(status, "cublasLtCreate");
        return status;
    }

    private static void judge(SymbolLookup library) throws UnfitLibraryException {
        if (library.find("cublasLtGetVersion").isEmpty()) {
            throw new UnfitLibraryException("it is not cuBLASLt: it has no symbol cublasLtGetVersion");
        }
        SharedLibrary.require(library, SharedLibrary.boundFunctions(CublasLtApi.class));
    }

    /** The file that it was loaded from. */
    public String location() {
        return location;
    }

    /** As the library counts: 120405 is 12.4.5. */
    public long version() {
        return CublasLtApi.cublasLtGetVersion();
    }

    /**
     * The product of a kind, with one algorithm for all numbers of rows, which needs at most so much workspace.
     *
     * @throws CudaException if the library has no such algorithm
     */
    public LtProduct product(LtSpec spec, long workspaceBytes) {
        if (workspaceBytes < 0) {
            throw new IllegalArgumentException(spec + ": " + workspaceBytes + " bytes of workspace");
        }
        return new LtProduct(this, spec, workspaceBytes);
    }

    @Override
    int destroy() {
        return CublasLtApi.cublasLtDestroy(handle);
    }

    @Override
    public String toString() {
        return "cuBLASLt";
    }
}
