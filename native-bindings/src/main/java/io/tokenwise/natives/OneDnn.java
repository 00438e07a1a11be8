package io.tokenwise.natives;

import io.tokenwise.natives.generated.onednn.Dnnl;
import io.tokenwise.natives.generated.onednn.dnnl_version_t;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;

/**
 * oneDNN on the CPU: matrix products with packed weights, each on the one thread that asks for it. The library is looked for in the file
 * named by the system property {@value OneDnnLibrary#LIBRARY_PROPERTY}, if it is set; else in the jar org.bytedeco:dnnl with classifier
 * linux-x86_64, if it is on the class path; else where the system's dynamic linker looks.
 *
 * <p>A process loads one library, whatever number of these is open; the property {@value #ISA_PROPERTY} caps the instructions that it
 * uses, for measuring what smaller processors do. Threads may share it. {@code close} waits for running products, then
 * destroys all kernels, weights' handles and bindings; after it, they throw {@link IllegalStateException}.
 */
public final class OneDnn implements AutoCloseable {
    /** The largest instruction set to use, such as {@code AVX2}. */
    static final String ISA_PROPERTY = "tokenwise.onednn.isa";

    final MemorySegment engine;
    final OpenMp openMp;
    final List<Binding> bindings = new CopyOnWriteArrayList<>();
    final Set<Weights> weights = ConcurrentHashMap.newKeySet();

    /** Null where oneDNN multiplies everything. */
    final TileProducts ownCode;

    private final String location;
    private final String version;
    private final Isa isa;
    private final Arena owner = Arena.ofShared();
    private final KernelCache kernels;
    private final ConcurrentHashMap<ProductSpec, Product> products = new ConcurrentHashMap<>();
    private final ReentrantReadWriteLock lifetime = new ReentrantReadWriteLock();
    private volatile boolean closed;

    private OneDnn(String location, int kernelCapacity) {
        this.location = location;
        try {
            // Of several OpenMP in a process, such as libtorch's own, the one that this library uses: found through its
            // handle.
            this.openMp = new OpenMp(SymbolLookup.libraryLookup(location, owner));
            capIsa(System.getProperty(ISA_PROPERTY));
            this.isa = Isa.of(Dnnl.dnnl_get_effective_cpu_isa());
            MemorySegment found = dnnl_version_t.reinterpret(Dnnl.dnnl_version(), Arena.global(), null);
            this.version =
                    dnnl_version_t.major(found) + "." + dnnl_version_t.minor(found) + "." + dnnl_version_t.patch(found);
            this.engine = Handles.engine(owner);
            this.ownCode = TileProducts.create(owner, isa);
        } catch (Throwable e) {
            owner.close();
            throw e;
        }
        this.kernels = new KernelCache(kernelCapacity, this::awaitIdle);
    }

    /** Opens the library found in the usual places. */
    public static OneDnn open() throws OneDnnUnavailableException {
        String file = System.getProperty(OneDnnLibrary.LIBRARY_PROPERTY);
        return open(file == null ? null : Path.of(file), KernelCache.CAPACITY);
    }

    /** Opens one file and looks nowhere else. */
    public static OneDnn open(Path library) throws OneDnnUnavailableException {
        return open(library, KernelCache.CAPACITY);
    }

    /** For tests of eviction. */
    static OneDnn open(int kernelCapacity) throws OneDnnUnavailableException {
        return open(null, kernelCapacity);
    }

    private static OneDnn open(Path library, int kernelCapacity) throws OneDnnUnavailableException {
        try {
            return new OneDnn(OneDnnLibrary.load(library), kernelCapacity);
        } catch (IllegalCallerException | OneDnnException e) {
            // Native access is forbidden to this module, or the library cannot work here.
            throw new OneDnnUnavailableException("oneDNN is not available: " + e.getMessage());
        }
    }

    /** oneDNN takes a cap only before its first use; later it is right only if what is in use already keeps within it. */
    private static void capIsa(String wanted) {
        if (wanted == null) {
            return;
        }
        Isa cap = Isa.parse("-D" + ISA_PROPERTY, wanted);
        int status = Dnnl.dnnl_set_max_cpu_isa(cap.features);
        if (status != Dnnl.dnnl_success()) {
            Isa inUse = Isa.of(Dnnl.dnnl_get_effective_cpu_isa());
            if (!cap.includes(inUse)) {
                throw new IllegalStateException("-D" + ISA_PROPERTY + "=" + wanted
                        + ": too late, this process already uses oneDNN with " + inUse + "; set it at the start");
            }
        }
    }

    /** The file, or what else the library was loaded from. */
    public String location() {
        return location;
    }

    /** Such as {@code 3.13.0}. */
    public String version() {
        return version;
    }

    /** Whether code of our own multiplies bytes here, those of 7 bits in pairs. */
    public boolean hasOwnCode() {
        return ownCode != null;
    }

    /** The instructions that the library uses here. */
    public Isa isa() {
        return isa;
    }

    /**
     * The product of a kind; equal specs give the same one. It is kept until this is closed, because its kernels are: some 5 KB of
     * memory for each kind that was ever asked for, so whoever makes kinds of sizes that vary must round them.
     */
    public Product product(ProductSpec spec) {
        Product known = products.get(spec);
        return known != null
                ? known
                : whileOpen(() -> products.computeIfAbsent(spec, s -> new Product(this, owner, s)));
    }

    /** Binds native buffers, which must outlive the binding: as many bytes as the largest product that is to run on them needs. Scratch is aligned to 8 bytes, and C lies elsewhere. */
    public Binding bind(MemorySegment a, MemorySegment c, MemorySegment scratch) {
        return whileOpen(() -> new Binding(this, a, c, scratch));
    }

    Kernel compile(Product product, int rows, boolean adds) {
        return whileOpen(() -> kernels.compile(product, rows, adds));
    }

    /** Does what needs the library: it is not closed meanwhile, and the thread's OpenMP threads are one meanwhile. */
    <T> T whileOpen(Supplier<T> work) {
        lifetime.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("oneDNN has been closed");
            }
            int threads = openMp.setThreads(1);
            try {
                return work.get();
            } finally {
                openMp.setThreads(threads);
            }
        } finally {
            lifetime.readLock().unlock();
        }
    }

    /** Waits until no binding runs a kernel, or reads weights, that are marked as closed. Runs end within milliseconds. */
    void awaitIdle(Object kernelOrWeights) {
        for (Binding binding : bindings) {
            while (binding.uses(kernelOrWeights)) {
                Thread.yield();
            }
        }
    }

    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        lifetime.writeLock().lock();
        closed = true;
        lifetime.writeLock().unlock();
        // Nothing is created from here on. A run that still goes on holds its binding, and closing that waits.
        bindings.forEach(Binding::close);
        weights.forEach(Weights::close);
        kernels.close();
        owner.close();
        PrimitiveCache.empty();
    }
}
