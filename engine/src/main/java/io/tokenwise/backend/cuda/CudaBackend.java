package io.tokenwise.backend.cuda;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.CheckedStream;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Device;
import io.tokenwise.natives.cuda.NvrtcException;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Memory;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A CUDA device, all of whose work is done by our own kernels, but for dense products of which a measured {@link LibraryTable} says that cuBLASLt is faster: products in one {@link Precision},
 * all else in float32 but the attention of inference, which narrower ones multiply in bfloat16. Thread-safe.
 */
public final class CudaBackend implements Backend {
    /** The system property that, if {@code false} when a stream is made, has it launch its kernels one by one, never as a graph. */
    public static final String GRAPHS = "tokenwise.cuda.graphs";

    /** What a device multiplies in. */
    public static final List<Precision> PRECISIONS = List.of(Precision.F32, Precision.BF16, Precision.S8);

    /** Matrices with a smaller side stay in float32, as on the CPU: they cost next to nothing, and gates choose by exact logits. */
    private static final int LEAST_SIDE = 32;

    /** The first with products of bfloat16 and copies to shared memory that run beside other work. */
    private static final int LEAST_CAPABILITY = 80;

    private final Cuda cuda;
    private final CudaKernels kernels;
    private final DenseProducts dense;
    private final Precision precision;
    private final StreamPool streams;
    private final Launches own;
    private final CudaReading reading;

    private CudaBackend(Cuda cuda, CudaKernels kernels, DenseProducts dense, Precision precision) {
        this.cuda = cuda;
        this.kernels = kernels;
        this.dense = dense;
        this.precision = precision;
        streams = new StreamPool(cuda, kernels);
        own = streams.open();
        reading = new CudaReading(own);
    }

    /**
     * Opens the device, and the compiler of the kernels. System properties say what multiplies matrices, see {@link ProductChoice#asked}.
     *
     * @param precision one of {@link #PRECISIONS}
     * @throws CudaUnavailableException if one of them does not serve; the message says why in one line
     */
    public static CudaBackend open(Precision precision) throws CudaUnavailableException {
        return open(precision, ProductChoice.asked());
    }

    /** As {@link #open(Precision)}, whatever the system properties ask for. */
    public static CudaBackend open(Precision precision, ProductChoice choice) throws CudaUnavailableException {
        if (!PRECISIONS.contains(precision)) {
            throw new IllegalArgumentException("backend cuda: no products of " + precision.label());
        }
        Cuda cuda = Cuda.open();
        try {
            requireCapability(cuda.device(), choice);
            var kernels = new CudaKernels(cuda, choice.wgmma());
            return new CudaBackend(cuda, kernels, DenseProducts.open(cuda, precision, choice.library()), precision);
        } catch (CudaException | NvrtcException | IllegalStateException e) {
            cuda.close();
            throw new CudaUnavailableException("CUDA is not available: " + e.getMessage(), e);
        } catch (Throwable e) {
            cuda.close();
            throw e;
        }
    }

    /** Whether its kernels were compiled ahead, so that NVRTC is not needed. */
    public static boolean isCompiledAhead(Device device) {
        return CompiledAhead.hasAll("sm_" + device.major() + device.minor());
    }

    /**
     * @param choice what is to multiply matrices
     * @throws CudaUnavailableException if the device lacks instructions of our kernels
     */
    public static void requireCapability(Device device, ProductChoice choice) throws CudaUnavailableException {
        if (choice.wgmma() && !ProductChoice.hasWgmma(device)) {
            throw new CudaUnavailableException(
                    "CUDA is not available: " + device.name() + " has capability "
                            + device.capability() + ", but -D" + ProductChoice.WGMMA + "=true is for "
                            + ProductChoice.WGMMA_CAPABILITY
                            + " (H100, H200) only; without it others serve too",
                    null);
        }
        if (!device.hasCapability(LEAST_CAPABILITY)) {
            throw new CudaUnavailableException(
                    "CUDA is not available: " + device.name() + " has capability " + device.capability()
                            + ", but the kernels need 8.0 (Ampere) or newer",
                    null);
        }
    }

    @Override
    public String name() {
        Device device = cuda.device();
        return "cuda (" + device.name() + (device.simulated() ? ", simulated on the CPU)" : ")");
    }

    @Override
    public String instructions() {
        return "sm_" + cuda.device().major() + cuda.device().minor();
    }

    @Override
    public BackendChoice.Kind kind() {
        return BackendChoice.Kind.CUDA;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public int threads() {
        return 1;
    }

    /** The device and what serves it. */
    public Device device() {
        return cuda.device();
    }

    /** Where its kernels are from, for people. */
    public String kernels() {
        return kernels.toString();
    }

    /** What cuBLASLt multiplies in the kernels' place, for people. */
    public String products() {
        return dense.toString();
    }

    /** The version of cuBLASLt, as it counts, if it may multiply anything here; else 0. */
    public long libraryVersion() {
        return dense.libraryVersion();
    }

    /** Whether its products take Hopper's own instructions. */
    public boolean wgmma() {
        return kernels.wgmma();
    }

    @Override
    public Stream stream() {
        return new CheckedStream(new CudaStream(streams.open(), precision));
    }

    @Override
    public Memory.Source memory() {
        return (arena, bytes) -> allocate(arena, bytes, true);
    }

    @Override
    public Workspace workspace(long limitBytes) {
        // So that a pass of any sizes fits that would fit if its tensors had no more memory than they need.
        return new Workspace((arena, bytes) -> allocate(arena, bytes, false), limitBytes, Bucket::of, Bucket::bytes);
    }

    private synchronized DeviceMemory allocate(Arena arena, long bytes, boolean kept) {
        DeviceMemory memory = DeviceMemory.allocate(cuda, arena, bytes, kept);
        own.zero(memory.address(), (bytes + 3) & -4L);
        own.synchronize();
        // There may have been another tensor.
        streams.written();
        return memory;
    }

    @Override
    public synchronized HostTensor read(Tensor x) {
        streams.synchronize();
        return reading.read(x);
    }

    @Override
    public synchronized HostTensor write(Tensor x) {
        streams.synchronize();
        // Also of a tensor of a pass: its stream is not told.
        streams.written();
        return reading.write(x);
    }

    @Override
    public PackedMatrix allocatePacked(Arena arena, int inputs, int outputs) {
        Precision narrow = of(Math.min(inputs, outputs));
        var all = new PackedWeights(cuda, arena, dense, narrow, inputs, outputs, 1, true);
        return new CudaMatrix(all, 0, 0, outputs, null);
    }

    @Override
    public List<PackedMatrix> allocateSlices(Arena arena, int inputs, int outputs, int[] sizes, boolean alongOutputs) {
        int least = Math.min(Arrays.stream(sizes).min().orElseThrow(), alongOutputs ? inputs : outputs);
        var all = new PackedWeights(cuda, arena, dense, of(least), inputs, outputs, sizes.length, alongOutputs);
        var slices = new ArrayList<PackedMatrix>();
        int from = 0;
        for (int n = 0; n < sizes.length; n++) {
            int size = sizes[n];
            PackedWeights alone = CudaMatrix.canBeAlone(all, from)
                    ? null
                    : new PackedWeights(
                            cuda,
                            arena,
                            null,
                            all.precision,
                            alongOutputs ? inputs : size,
                            alongOutputs ? size : outputs,
                            1,
                            true);
            slices.add(new CudaMatrix(all, n, from, size, alone));
            from += size;
        }
        return slices;
    }

    private Precision of(int leastSide) {
        return leastSide < LEAST_SIDE ? Precision.F32 : precision;
    }

    /** Waits for the device, and gives back all that it has. */
    @Override
    public void close() {
        cuda.close();
    }
}
