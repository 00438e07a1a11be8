package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/**
 * What a test may ask of the simulated driver. It acts on the library of that file in this process, whoever else loaded it. Threads may
 * share it.
 */
public final class FakeControls {
    private final SymbolLookup library;

    private FakeControls(SymbolLookup library) {
        this.library = library;
    }

    /** Loads a library that {@link FakeCuda#build} made, for as long as the process runs. */
    public static FakeControls of(Path file) {
        return new FakeControls(SymbolLookup.libraryLookup(file, Arena.global()));
    }

    /** From here on cuInit finds a device; without this, or TOKENWISE_FAKE_CUDA=test in the environment, there is none. */
    public void allow() {
        call("fakeCudaAllow", 1);
    }

    /** Takes back {@link #allow}. */
    public void refuse() {
        call("fakeCudaAllow", 0);
    }

    /** As freshly loaded, but for what {@link #allow} said: no context, no memory, nothing counted. */
    public void reset() {
        call("fakeReset");
    }

    /** 0 (as after a reset): work runs as late as it may, in plain order. Else chance chooses streams, graph nodes, blocks and threads. */
    public void seed(long seed) {
        call("fakeSeed", seed);
    }

    public void memoryLimit(long bytes) {
        call("fakeMemoryLimit", bytes);
    }

    /** How much shared memory a block may have if its function asks for it: 232,448 as after a reset, which is the most. */
    public void sharedLimit(int bytes) {
        call("fakeSharedLimit", bytes);
    }

    public void multiprocessors(int count) {
        call("fakeMultiprocessors", count);
    }

    /** Of the device: 9, 0 as after a reset. */
    public void capability(int major, int minor) {
        call("fakeCapability", 10 * major + minor);
    }

    /** The n-th call of the driver from now (1: the next) does nothing and returns the error; n = 0 takes that back. */
    public void failAt(long n, int error) {
        call("fakeFailAt", n, error);
    }

    /** The next call of a function of the driver, such as cuModuleLoadDataEx, does nothing and returns the error. */
    public void failCall(String function, int error) {
        try (var arena = Arena.ofConfined()) {
            call("fakeFailCall", arena.allocateFrom(function), error);
        }
    }

    /** The next compilation returns this error of NVRTC. */
    public void failCompile(int error) {
        call("fakeFailCompile", error);
    }

    /** Whether cuBLASLt's heuristic finds no algorithm from here on. */
    public void libraryFindsNothing(boolean nothing) {
        call("fakeLibraryFindsNothing", nothing ? 1 : 0);
    }

    /** From here on no algorithm of cuBLASLt serves for so many rows; 0 takes that back. */
    public void libraryRefuses(int rows) {
        call("fakeLibraryRefuses", rows);
    }

    public FakeCounts counts() {
        try (var arena = Arena.ofConfined()) {
            var counts = arena.allocate(JAVA_LONG, FakeCounts.SIZE);
            int size = (int) call("fakeCounts", counts, FakeCounts.SIZE);
            if (size != FakeCounts.SIZE) {
                throw new IllegalStateException(
                        "the library counts " + size + " things, this class " + FakeCounts.SIZE);
            }
            return FakeCounts.of(counts);
        }
    }

    /** What each kernel did, by name. */
    public List<KernelCounts> kernels() {
        return text("fakeKernels").lines().map(KernelCounts::of).toList();
    }

    /** What is not given back, or was not when the last context ended: one line each. */
    public List<String> leaks() {
        return text("fakeLeaks").lines().toList();
    }

    /** More about the last error than its number: the kernel, the thread, the address. */
    public String lastError() {
        return text("fakeLastError");
    }

    private String text(String function) {
        try (var arena = Arena.ofConfined()) {
            long size = 1 + (long) call(function, MemorySegment.NULL, 0L);
            var text = arena.allocate(size);
            call(function, text, size);
            return text.getString(0);
        }
    }

    /** Calls a function of the library by the types of its arguments; those that return something are listed. */
    private Object call(String name, Object... arguments) {
        var layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            layouts[i] =
                    arguments[i] instanceof Long ? JAVA_LONG : arguments[i] instanceof Integer ? JAVA_INT : ADDRESS;
        }
        var descriptor = switch (name) {
            case "fakeCounts" -> FunctionDescriptor.of(JAVA_INT, layouts);
            case "fakeKernels", "fakeLeaks", "fakeLastError" -> FunctionDescriptor.of(JAVA_LONG, layouts);
            default -> FunctionDescriptor.ofVoid(layouts);
        };
        MethodHandle handle = Linker.nativeLinker().downcallHandle(library.findOrThrow(name), descriptor);
        try {
            return handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(name + " cannot be called", e);
        }
    }
}
