package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * A CUDA device and its primary context: memory, and what makes streams, events and modules. libcuda is the file that the system property
 * {@value DriverLibrary#PROPERTY} names, else the system's; the device is number {@value DeviceChoice#PROPERTY}, else the first.
 *
 * <p>Threads may share it, virtual ones too: each call makes the context current for itself. Errors are {@link CudaException}s. A fault on the
 * device (an illegal address, a failed launch) breaks the context, in all of the process: it shows at some later call, and every call after
 * that one throws at once. With {@value #SYNCHRONOUS}{@code =true} each operation of a stream is waited for, so that the one that failed is
 * named.
 *
 * <p>{@code close} waits for calls in progress, then closes all that was made here and frees all memory, also of a broken context. Without
 * it, nothing is freed at the JVM's exit, when the driver may have gone already.
 */
public final class Cuda implements AutoCloseable {
    static final String SYNCHRONOUS = "tokenwise.cuda.synchronous";

    final boolean synchronous = Boolean.getBoolean(SYNCHRONOUS);
    final Allocations allocations = new Allocations();

    private final String location;
    private final Device device;
    private final MemorySegment context;
    private final Gate gate = new Gate();
    private final Set<Handle> handles = ConcurrentHashMap.newKeySet();
    private volatile CudaException broken;
    private volatile Runnable beforeFreeing = () -> {};

    private Cuda(String location, Device device) throws CudaUnavailableException {
        this.location = location;
        this.device = device;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            DeviceChoice.check(DriverApi.cuDevicePrimaryCtxRetain(out, device.ordinal()), "cuDevicePrimaryCtxRetain");
            context = out.get(ADDRESS, 0);
        }
    }

    /** Opens the device that the property asks for, or the first. */
    public static Cuda open() throws CudaUnavailableException {
        return open(DeviceChoice.asked());
    }

    /** Opens a device by its number, from 0. */
    public static Cuda open(int deviceOrdinal) throws CudaUnavailableException {
        String file = System.getProperty(DriverLibrary.PROPERTY);
        try {
            String location = DriverLibrary.load(file == null ? null : Path.of(file));
            return new Cuda(location, DeviceChoice.choose(deviceOrdinal));
        } catch (IllegalCallerException e) {
            // Native access is forbidden to this module.
            throw new CudaUnavailableException("CUDA is not available: " + e.getMessage());
        }
    }

    /** The file that the driver was loaded from. */
    public String location() {
        return location;
    }

    public Device device() {
        return device;
    }

    /** Whether each operation of a stream is waited for. */
    public boolean isSynchronous() {
        return synchronous;
    }

    /** Whether a fault on the device has ended the context. */
    public boolean isBroken() {
        return broken != null;
    }

    /**
     * For what is about to hand out something that was made before, and so asks the driver for nothing.
     *
     * @throws IllegalStateException if this is closed
     * @throws CudaException if its context is broken
     */
    public void requireUsable() {
        begin();
        gate.leave();
    }

    /**
     * For what is only written down now and queued later.
     *
     * @throws IllegalStateException if this is closed
     */
    public void requireOpen() {
        gate.requireOpen("CUDA");
    }

    // ---- memory

    /**
     * Allocates device memory, aligned to 256 bytes at least, whose content is undefined, and returns its address.
     *
     * @throws CudaException with number 2 if there is not so much
     */
    public long allocate(long bytes) {
        positive("allocate", bytes);
        begin();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(JAVA_LONG);
            int code = DriverApi.cuMemAlloc_v2(out, bytes);
            if (code != DriverApi.CUDA_SUCCESS()) {
                throw failed(
                        code,
                        "cuMemAlloc of " + bytes + " bytes",
                        "; " + allocations.bytes() + " of " + device.memoryBytes() + " are allocated here");
            }
            long address = out.get(JAVA_LONG, 0);
            allocations.add(address, bytes);
            return address;
        } finally {
            gate.leave();
        }
    }

    /**
     * The same for as long as the arena lives: a segment of no bytes at the address, which Java cannot touch. At the end of the arena the memory is freed, unless
     * this was closed before, which has freed it, or is broken, and closing it will.
     */
    public MemorySegment allocate(Arena arena, long bytes) {
        long address = allocate(bytes);
        try {
            return MemorySegment.ofAddress(address).reinterpret(0, arena, _ -> freeIfPossible(address));
        } catch (RuntimeException e) {
            // The arena has been closed, or is another thread's.
            freeIfPossible(address);
            throw e;
        }
    }

    private void freeIfPossible(long address) {
        try {
            free(address);
        } catch (IllegalStateException | IllegalArgumentException | CudaException e) {
            // It has been freed, or will be.
        }
    }

    /** Frees what {@link #allocate} gave, after all that was queued; null (0) is let be. */
    public void free(long pointer) {
        if (pointer == 0) {
            return;
        }
        beforeFreeing.run();
        begin();
        try {
            // Forgotten first: as soon as the driver has it back, another thread may be given the same address.
            long bytes = allocations.remove(pointer);
            // A virtual thread that waited for that may go on on another carrier.
            makeCurrentIfPossible();
            int code = DriverApi.cuMemFree_v2(pointer);
            if (code != DriverApi.CUDA_SUCCESS()) {
                allocations.add(pointer, bytes);
                throw failed(code, "cuMemFree", "");
            }
        } finally {
            gate.leave();
        }
    }

    /** From now on this runs before memory is freed: it queues what uses memory and was not queued yet. It must not throw. */
    public void beforeFreeing(Runnable work) {
        beforeFreeing = work;
    }

    /** How much device memory nobody has allocated, this process or another. */
    public long freeBytes() {
        begin();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment free = arena.allocate(JAVA_LONG);
            check(DriverApi.cuMemGetInfo_v2(free, arena.allocate(JAVA_LONG)), "cuMemGetInfo");
            return free.get(JAVA_LONG, 0);
        } finally {
            gate.leave();
        }
    }

    /** How much device memory is allocated here. */
    public long allocatedBytes() {
        return allocations.bytes();
    }

    // ---- what lives on the device; each is closed with this if it was not before

    /** Host memory that the device reads and writes without the driver's copying it first. */
    public PinnedMemory pinned(long bytes) {
        positive("pinned", bytes);
        return make(
                "cuMemHostAlloc of " + bytes + " bytes",
                out -> DriverApi.cuMemHostAlloc(out, bytes, 0),
                (cuda, memory) -> new PinnedMemory(cuda, memory, bytes));
    }

    /** A stream that does not wait for the default stream. */
    public CuStream stream() {
        return make(
                "cuStreamCreate",
                out -> DriverApi.cuStreamCreate(out, DriverApi.CU_STREAM_NON_BLOCKING()),
                CuStream::new);
    }

    /** An event that only orders streams. */
    public CuEvent event() {
        return make(
                "cuEventCreate",
                out -> DriverApi.cuEventCreate(out, DriverApi.CU_EVENT_DISABLE_TIMING()),
                (cuda, event) -> new CuEvent(cuda, event, false));
    }

    /** An event that also keeps the time at which it was reached. */
    public CuEvent timedEvent() {
        return make(
                "cuEventCreate",
                out -> DriverApi.cuEventCreate(out, DriverApi.CU_EVENT_DEFAULT()),
                (cuda, event) -> new CuEvent(cuda, event, true));
    }

    /**
     * Loads a cubin, or PTX text, which the driver compiles.
     *
     * @param name for errors
     */
    public CuModule load(byte[] image, String name) {
        return whileOpen(() -> CuModule.load(this, image, name));
    }

    // ---- what the handles use

    /** Makes one of the driver's objects; {@code create} writes its handle. */
    <T extends Handle> T make(
            String operation, ToIntFunction<MemorySegment> create, BiFunction<Cuda, MemorySegment, T> wrap) {
        return keep(() -> {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment out = arena.allocate(ADDRESS);
                check(create.applyAsInt(out), operation);
                return wrap.apply(this, out.get(ADDRESS, 0));
            }
        });
    }

    /** Makes what is closed with this. */
    <T extends Handle> T keep(Supplier<T> make) {
        return whileOpen(() -> {
            T made = make.get();
            handles.add(made);
            return made;
        });
    }

    <T> T whileOpen(Supplier<T> work) {
        begin();
        try {
            return work.get();
        } finally {
            gate.leave();
        }
    }

    private void begin() {
        gate.enter("CUDA");
        try {
            makeCurrent();
        } catch (Throwable e) {
            gate.leave();
            throw e;
        }
    }

    /**
     * Makes the context current on the thread that carries the caller. A virtual thread may have come to another one since its last call; from
     * here to the native call that follows nothing waits in Java, so it stays.
     */
    void makeCurrent() {
        CudaException reason = broken;
        if (reason != null) {
            throw new CudaException(
                    "the context is broken since " + reason.operation(),
                    reason.error(),
                    reason.number(),
                    "start the process anew to use this device");
        }
        check(DriverApi.cuCtxSetCurrent(context), "cuCtxSetCurrent");
    }

    void check(int code, String operation) {
        if (code != DriverApi.CUDA_SUCCESS()) {
            throw failed(code, operation, "");
        }
    }

    /** The error to throw; one that ends the context is kept. */
    CudaException failed(int code, String operation, String more) {
        var error = new CudaException(operation, ErrorTexts.name(code), code, ErrorTexts.text(code) + more);
        if (ErrorTexts.breaksContext(code) && broken == null) {
            broken = error;
        }
        return error;
    }

    /** Makes the context current if it still can be, for what must go on in a broken one too, and right before the call as {@link #makeCurrent}. */
    void makeCurrentIfPossible() {
        DriverApi.cuCtxSetCurrent(context);
    }

    /** Closes what nobody uses any more. A fault that shows only now is kept for the next call. */
    void destroy(Handle closed) {
        makeCurrentIfPossible();
        int code = closed.destroy();
        if (code != DriverApi.CUDA_SUCCESS()) {
            failed(code, "closing " + closed, "");
        }
        handles.remove(closed);
    }

    @Override
    public synchronized void close() {
        if (!gate.close()) {
            return;
        }
        // Nothing is made from here on, and closing each waits for the calls on it; of streams also for the captures,
        // during which nothing else can be closed.
        handles.stream().filter(CuStream.class::isInstance).forEach(Handle::close);
        handles.forEach(Handle::close);
        for (long address : allocations.starts()) {
            makeCurrentIfPossible();
            DriverApi.cuMemFree_v2(address);
            allocations.remove(address);
        }
        DriverApi.cuDevicePrimaryCtxRelease_v2(device.ordinal());
    }

    private static void positive(String operation, long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException(operation + ": " + bytes + " bytes; 1 is the least");
        }
    }
}
