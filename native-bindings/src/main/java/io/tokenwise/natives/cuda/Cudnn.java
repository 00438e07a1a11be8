package io.tokenwise.natives.cuda;

import io.tokenwise.natives.generated.cudnn.CudnnApi;
import io.tokenwise.natives.loading.SharedLibrary;
import io.tokenwise.natives.loading.UnfitLibraryException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.List;

/**
 * cuDNN 9 on a {@link Cuda}: convolutions, through its backend interface. The library is looked for in the file that the system property
 * {@value #PROPERTY} names; else where the system's dynamic linker looks; else in the folders of {@value ToolkitLibrary#FOLDERS}. It finds its own
 * parts beside itself. Threads may share it; it queues one operation at a time.
 *
 * <p>Bound only: no backend uses it. Its attention has each head's columns side by side, where ours may lie in units of learners beside rows of any number of texts, and promises no bits that are
 * the same in every batch; the convolutions of the speech front end are products of windows, which kernels of products do.
 */
public final class Cudnn extends Handle {
    static final String PROPERTY = "tokenwise.cuda.cudnn";

    private static final ToolkitLibrary LIBRARY = new ToolkitLibrary(
            "cuDNN", PROPERTY, null, null, List.of("libcudnn.so.9"), "cudnnGetVersion", Cudnn::judge, library -> {});

    private final String location;

    /** The handle has one stream at a time. */
    private final Object queueing = new Object();

    private Cudnn(Cuda cuda, MemorySegment handle, String location) {
        super(cuda, handle);
        this.location = location;
    }

    /** Loads the library from the first place that has it, and begins to use it on the device. */
    public static Cudnn open(Cuda cuda) throws CudaUnavailableException {
        String location;
        try {
            location = LIBRARY.load();
        } catch (IllegalCallerException e) {
            // Native access is forbidden to this module.
            throw new CudaUnavailableException("cuDNN is not available: " + e.getMessage());
        }
        try {
            return cuda.make("cudnnCreate", Cudnn::create, (owner, handle) -> new Cudnn(owner, handle, location));
        } catch (CudaException e) {
            throw new CudaUnavailableException("cuDNN is not available: " + location + ": " + e.getMessage());
        }
    }

    /** Its status is checked here, since it is not one of the driver's. */
    private static int create(MemorySegment out) {
        int status = CudnnApi.cudnnCreate(out);
        CudnnDescriptor.check(status, "cudnnCreate");
        return status;
    }

    private static void judge(SymbolLookup library) throws UnfitLibraryException {
        if (library.find("cudnnGetVersion").isEmpty()) {
            throw new UnfitLibraryException("it is not cuDNN: it has no symbol cudnnGetVersion");
        }
        SharedLibrary.require(library, SharedLibrary.boundFunctions(CudnnApi.class));
    }

    /** The file that it was loaded from. */
    public String location() {
        return location;
    }

    /** As the library counts: 90501 is 9.5.1. */
    public long version() {
        return CudnnApi.cudnnGetVersion();
    }

    /**
     * A convolution of one shape, which needs at most so much workspace. Finding an engine takes milliseconds or more.
     *
     * @throws UnsupportedOperationException if there is no engine for it that keeps to float32
     */
    public CudnnConvolution convolution(ConvolutionSpec spec, long workspaceBytes) {
        hold(cuda);
        try {
            return cuda.keep(() -> CudnnConvolution.create(this, spec, workspaceBytes));
        } finally {
            leave();
        }
    }

    /** Queues a plan; the variant pack has its addresses. */
    void execute(CuStream stream, CudnnDescriptor plan, CudnnDescriptor pack, Object about) {
        hold(stream.cuda);
        try {
            synchronized (queueing) {
                stream.enter();
                try {
                    CudnnDescriptor.check(CudnnApi.cudnnSetStream(handle, stream.handle), "cudnnSetStream");
                    String operation = about.toString();
                    CudnnDescriptor.check(CudnnApi.cudnnBackendExecute(handle, plan.handle, pack.handle), operation);
                    stream.queued(operation);
                } finally {
                    stream.leave();
                }
            }
        } finally {
            leave();
        }
    }

    @Override
    int destroy() {
        return CudnnApi.cudnnDestroy(handle);
    }

    @Override
    public String toString() {
        return "cuDNN";
    }
}
