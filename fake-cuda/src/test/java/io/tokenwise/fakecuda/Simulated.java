package io.tokenwise.fakecuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The simulated driver with the test's kernels, called as plain C: no typed bindings, for those are tested with it. */
final class Simulated implements AutoCloseable {
    static final Path FOLDER = Path.of("target/fake-cuda");

    final FakeControls controls;
    final Arena arena = Arena.ofShared();
    private final SymbolLookup library;
    private final MemorySegment out = arena.allocate(64);

    private Simulated(Path file) {
        controls = FakeControls.of(file);
        library = SymbolLookup.libraryLookup(file, Arena.global());
    }

    /** The library, or the test is skipped with the reason. Nobody is allowed to use it yet. */
    static Simulated loaded() {
        try {
            var sources = List.of(source("threads.cu"), source("products.cu"), source("wgmma.cu"));
            var simulated = new Simulated(FakeCuda.build(sources, FOLDER));
            simulated.controls.reset();
            simulated.controls.refuse();
            return simulated;
        } catch (FakeCudaUnavailableException e) {
            Assumptions.abort(e.getMessage());
            throw new AssertionError(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A driver with a current context. */
    static Simulated started() {
        var simulated = loaded();
        simulated.controls.allow();
        simulated.start();
        return simulated;
    }

    void start() {
        succeed("cuInit", 0);
        succeed("cuDevicePrimaryCtxRetain", out, 0);
        succeed("cuCtxSetCurrent", out.get(ADDRESS, 0));
    }

    @Override
    public void close() {
        controls.reset();
        controls.refuse();
        arena.close();
    }

    static KernelSource source(String name) throws IOException {
        try (var in = Simulated.class.getResourceAsStream(name)) {
            return new KernelSource(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** Calls a function that returns an int, with C types by the arguments' Java types. */
    int call(String name, Object... arguments) {
        var layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            layouts[i] = switch (arguments[i]) {
                case Long _ -> JAVA_LONG;
                case Integer _ -> JAVA_INT;
                case Byte _ -> JAVA_BYTE;
                default -> ADDRESS;
            };
        }
        var handle = Linker.nativeLinker()
                .downcallHandle(library.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, layouts));
        try {
            return (int) handle.invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw new AssertionError(name, e);
        }
    }

    void succeed(String name, Object... arguments) {
        assertThat(call(name, arguments))
                .as("%s: %s", name, controls.lastError())
                .isZero();
    }

    /** The pointer-sized result of a call whose first parameter is where it goes. */
    MemorySegment make(String name, Object... arguments) {
        var all = new Object[arguments.length + 1];
        all[0] = out;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        succeed(name, all);
        return out.get(ADDRESS, 0);
    }

    long allocate(long bytes) {
        return make("cuMemAlloc_v2", bytes).address();
    }

    MemorySegment stream() {
        return make("cuStreamCreate", 1);
    }

    MemorySegment event() {
        return make("cuEventCreate", 0);
    }

    MemorySegment pinned(long bytes) {
        return make("cuMemHostAlloc", bytes, 0).reinterpret(bytes);
    }

    long deviceFloats(float... values) {
        long address = allocate(values.length * 4L);
        succeed("cuMemcpyHtoD_v2", address, arena.allocateFrom(JAVA_FLOAT, values), values.length * 4L);
        return address;
    }

    long deviceShorts(short... values) {
        long address = allocate(values.length * 2L);
        succeed("cuMemcpyHtoD_v2", address, arena.allocateFrom(JAVA_SHORT, values), values.length * 2L);
        return address;
    }

    long deviceBytes(byte... values) {
        long address = allocate(values.length);
        succeed("cuMemcpyHtoD_v2", address, arena.allocateFrom(JAVA_BYTE, values), (long) values.length);
        return address;
    }

    private MemorySegment read(long address, long bytes) {
        var host = arena.allocate(bytes, 8);
        succeed("cuMemcpyDtoH_v2", host, address, bytes);
        return host;
    }

    float[] floats(long address, int count) {
        return read(address, count * 4L).toArray(JAVA_FLOAT);
    }

    int[] ints(long address, int count) {
        return read(address, count * 4L).toArray(JAVA_INT);
    }

    double[] doubles(long address, int count) {
        return read(address, count * 8L).toArray(java.lang.foreign.ValueLayout.JAVA_DOUBLE);
    }

    /** A kernel's function, by way of NVRTC and a module. */
    MemorySegment function(String source, String name) {
        try {
            var program = make(
                    "nvrtcCreateProgram",
                    arena.allocateFrom(source(source).text()),
                    arena.allocateFrom(source),
                    0,
                    MemorySegment.NULL,
                    MemorySegment.NULL);
            succeed("nvrtcCompileProgram", program, 0, MemorySegment.NULL);
            succeed("nvrtcGetCUBINSize", program, out);
            var image = arena.allocate(out.get(JAVA_LONG, 0));
            succeed("nvrtcGetCUBIN", program, image);
            var module = make("cuModuleLoadData", image);
            return make("cuModuleGetFunction", module, arena.allocateFrom(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int launch(MemorySegment function, int grid, int block, int shared, MemorySegment stream, Object... parameters) {
        var pointers = arena.allocate(ADDRESS, Math.max(1, parameters.length));
        for (int i = 0; i < parameters.length; i++) {
            pointers.setAtIndex(
                    ADDRESS,
                    i,
                    switch (parameters[i]) {
                        case Long value -> arena.allocateFrom(JAVA_LONG, value);
                        case Integer value -> arena.allocateFrom(JAVA_INT, value);
                        case Float value -> arena.allocateFrom(JAVA_FLOAT, value);
                        default -> throw new IllegalArgumentException("parameter " + parameters[i]);
                    });
        }
        return call("cuLaunchKernel", function, grid, 1, 1, block, 1, 1, shared, stream, pointers, MemorySegment.NULL);
    }

    /** Launches a kernel on a stream of its own and waits: the code of whatever failed first. */
    int run(MemorySegment function, int grid, int block, int shared, Object... parameters) {
        var stream = stream();
        int code = launch(function, grid, block, shared, stream, parameters);
        return code != 0 ? code : call("cuStreamSynchronize", stream);
    }
}
