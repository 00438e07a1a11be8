package io.tokenwise.natives.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.tokenwise.natives.generated.cuda.DriverApi;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.ToIntFunction;

/** What the driver says about its error numbers, and which of them end a context. */
final class ErrorTexts {
    private ErrorTexts() {}

    /** Such as {@code CUDA_ERROR_NO_DEVICE}. */
    static String name(int code) {
        return ask(out -> DriverApi.cuGetErrorName(code, out), "unknown error");
    }

    /** A sentence without its end. */
    static String text(int code) {
        return ask(out -> DriverApi.cuGetErrorString(code, out), "this driver has no text for it");
    }

    /** A fault of a kernel, or of the device, after which every call of the context fails with the same number: what cuda.h says so of, and some that are of no use either. */
    static boolean breaksContext(int code) {
        return code == DriverApi.CUDA_ERROR_ILLEGAL_ADDRESS()
                || code == DriverApi.CUDA_ERROR_LAUNCH_FAILED()
                || code == DriverApi.CUDA_ERROR_LAUNCH_TIMEOUT()
                || code == DriverApi.CUDA_ERROR_ASSERT()
                || code == DriverApi.CUDA_ERROR_HARDWARE_STACK_ERROR()
                || code == DriverApi.CUDA_ERROR_ILLEGAL_INSTRUCTION()
                || code == DriverApi.CUDA_ERROR_MISALIGNED_ADDRESS()
                || code == DriverApi.CUDA_ERROR_INVALID_ADDRESS_SPACE()
                || code == DriverApi.CUDA_ERROR_INVALID_PC()
                || code == DriverApi.CUDA_ERROR_TENSOR_MEMORY_LEAK()
                || code == DriverApi.CUDA_ERROR_EXTERNAL_DEVICE()
                || code == DriverApi.CUDA_ERROR_CONTAINED()
                || code == DriverApi.CUDA_ERROR_MPS_CLIENT_TERMINATED()
                || code == DriverApi.CUDA_ERROR_ECC_UNCORRECTABLE()
                || code == DriverApi.CUDA_ERROR_NVLINK_UNCORRECTABLE()
                || code == DriverApi.CUDA_ERROR_CONTEXT_IS_DESTROYED()
                || code == DriverApi.CUDA_ERROR_DEINITIALIZED();
    }

    private static String ask(ToIntFunction<MemorySegment> get, String otherwise) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ADDRESS);
            if (get.applyAsInt(out) != DriverApi.CUDA_SUCCESS()) {
                return otherwise;
            }
            return out.get(ADDRESS, 0).reinterpret(Integer.MAX_VALUE).getString(0);
        }
    }
}
