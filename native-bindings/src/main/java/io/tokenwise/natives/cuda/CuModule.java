package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Compiled kernels on the device. Threads may share it; it must not be closed before the kernels that it gave have ended. */
public final class CuModule extends Handle {
    private static final int LOG_BYTES = 8192;

    private final String name;

    private CuModule(Cuda cuda, MemorySegment handle, String name) {
        super(cuda, handle);
        this.name = name;
    }

    static CuModule load(Cuda cuda, byte[] image, String name) {
        if (image.length == 0) {
            throw new IllegalArgumentException("load " + name + ": the image is empty");
        }
        try (Arena arena = Arena.ofConfined()) {
            // PTX is text that a zero ends.
            MemorySegment copy = arena.allocate(image.length + 1L, Long.BYTES);
            MemorySegment.copy(image, 0, copy, JAVA_BYTE, 0, image.length);
            MemorySegment log = arena.allocate(LOG_BYTES);
            MemorySegment options = arena.allocateFrom(
                    JAVA_INT, DriverApi.CU_JIT_ERROR_LOG_BUFFER(), DriverApi.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES());
            MemorySegment values = arena.allocateFrom(JAVA_LONG, log.address(), LOG_BYTES - 1);
            return cuda.make(
                    "cuModuleLoadData(" + name + ")",
                    out -> {
                        int code = DriverApi.cuModuleLoadDataEx(out, copy, 2, options, values);
                        if (code != DriverApi.CUDA_SUCCESS()) {
                            throw cuda.failed(code, "cuModuleLoadData(" + name + ")", more(cuda.device(), log));
                        }
                        return code;
                    },
                    (owner, handle) -> new CuModule(owner, handle, name));
        }
    }

    private static String more(Device device, MemorySegment log) {
        String said = log.getString(0).strip().replaceAll("\\s*\\R\\s*", " | ");
        return "; the device has capability " + device.capability() + ", the driver serves CUDA "
                + Device.version(device.driverVersion()) + (said.isEmpty() ? "" : "; " + said);
    }

    /** The kernel of that name, as declared {@code extern "C"}. It is good until this is closed. */
    public CuFunction function(String function) {
        enter();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            cuda.check(
                    DriverApi.cuModuleGetFunction(out, handle, arena.allocateFrom(function)),
                    "cuModuleGetFunction(" + function + ") of " + name);
            return new CuFunction(this, out.get(ADDRESS, 0), function);
        } finally {
            leave();
        }
    }

    @Override
    int destroy() {
        return DriverApi.cuModuleUnload(handle);
    }

    @Override
    public String toString() {
        return "the CUDA module " + name;
    }
}
