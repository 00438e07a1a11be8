package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/** Starts the driver and picks a device, or says in one line why there is none. */
final class DeviceChoice {
    static final String PROPERTY = "tokenwise.cuda.device";

    /** What the driver reads, so that a process sees some devices only. */
    private static final String VISIBLE = "CUDA_VISIBLE_DEVICES";

    private static final int NAME_BYTES = 256;

    private DeviceChoice() {}

    /** The number that the property asks for. */
    static int asked() throws CudaUnavailableException {
        String asked = System.getProperty(PROPERTY, "0");
        try {
            return Integer.parseInt(asked);
        } catch (NumberFormatException e) {
            throw new CudaUnavailableException(
                    "CUDA is not available: -D" + PROPERTY + "=" + asked + " is no number of a device; 0 is the first");
        }
    }

    static Device choose(int ordinal) throws CudaUnavailableException {
        try (Arena arena = Arena.ofConfined()) {
            check(DriverApi.cuInit(0), "cuInit");
            int count = integer(arena, "cuDeviceGetCount", DriverApi::cuDeviceGetCount);
            if (ordinal < 0 || ordinal >= count) {
                throw new CudaUnavailableException(
                        count == 0
                                ? none()
                                : "CUDA is not available: there is no device " + ordinal + ", " + found(count));
            }
            int device = integer(arena, "cuDeviceGet", out -> DriverApi.cuDeviceGet(out, ordinal));
            MemorySegment name = arena.allocate(NAME_BYTES);
            check(DriverApi.cuDeviceGetName(name, NAME_BYTES - 1, device), "cuDeviceGetName");
            MemorySegment bytes = arena.allocate(JAVA_LONG);
            check(DriverApi.cuDeviceTotalMem_v2(bytes, device), "cuDeviceTotalMem");
            return new Device(
                    ordinal,
                    name.getString(0),
                    attribute(arena, device, DriverApi.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR()),
                    attribute(arena, device, DriverApi.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR()),
                    attribute(arena, device, DriverApi.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT()),
                    bytes.get(JAVA_LONG, 0),
                    attribute(arena, device, DriverApi.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN()),
                    integer(arena, "cuDriverGetVersion", DriverApi::cuDriverGetVersion));
        }
    }

    private static int attribute(Arena arena, int device, int which) throws CudaUnavailableException {
        return integer(arena, "cuDeviceGetAttribute", out -> DriverApi.cuDeviceGetAttribute(out, which, device));
    }

    private static int integer(Arena arena, String call, ToIntFunction<MemorySegment> get)
            throws CudaUnavailableException {
        MemorySegment out = arena.allocate(JAVA_INT);
        check(get.applyAsInt(out), call);
        return out.get(JAVA_INT, 0);
    }

    static void check(int code, String call) throws CudaUnavailableException {
        if (code == DriverApi.CUDA_SUCCESS()) {
            return;
        }
        throw new CudaUnavailableException(
                code == DriverApi.CUDA_ERROR_NO_DEVICE()
                        ? none()
                        : "CUDA is not available: " + call + ": " + ErrorTexts.name(code) + " (" + code + "): "
                                + advice(code));
    }

    private static String none() {
        String visible = System.getenv(VISIBLE);
        return "CUDA is not available: the driver finds no device (CUDA_ERROR_NO_DEVICE, 100): "
                + (visible == null
                        ? "there is no NVIDIA GPU, its kernel module is not loaded, or this process may not open /dev/nvidia*"
                        : VISIBLE + "='" + visible + "' may hide all; unset it or name one that exists");
    }

    private static String found(int count) {
        String visible = System.getenv(VISIBLE);
        return (count == 1 ? "only 0" : "only 0 to " + (count - 1))
                + (visible == null ? "" : " (" + VISIBLE + "=" + visible + ")");
    }

    private static String advice(int code) {
        if (code == DriverApi.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH()) {
            return "libcuda and the kernel module are of different versions; restart the machine, or install both of one version";
        } else if (code == DriverApi.CUDA_ERROR_STUB_LIBRARY()) {
            return "this is the toolkit's stub for linking, no driver";
        } else if (code == DriverApi.CUDA_ERROR_DEVICE_UNAVAILABLE()) {
            return "another process has the device for itself";
        } else if (code == DriverApi.CUDA_ERROR_OUT_OF_MEMORY()) {
            return "no memory is left on the device for one more process; see nvidia-smi for who has it";
        } else if (code == DriverApi.CUDA_ERROR_SYSTEM_NOT_READY()) {
            return "the system is not ready; is NVIDIA's fabric manager running?";
        } else if (code == DriverApi.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE()) {
            return "a compatibility libcuda does not serve this device; use the driver's own";
        }
        return ErrorTexts.text(code);
    }
}
