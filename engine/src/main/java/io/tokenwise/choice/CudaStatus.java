package io.tokenwise.choice;

import io.tokenwise.backend.cuda.CudaBackend;
import io.tokenwise.backend.cuda.DenseProducts;
import io.tokenwise.backend.cuda.ProductChoice;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Device;
import io.tokenwise.natives.cuda.Nvrtc;
import java.util.Locale;

/** What backend cuda would find on this machine, in one line for people. */
public final class CudaStatus {
    private static final String UNSEEN = "; checked by simulation only: no card has run these kernels yet";

    private CudaStatus() {}

    /** The device and what serves it, or why there is none. */
    public static String describe() {
        try (Cuda cuda = Cuda.open()) {
            return describe(cuda.device()) + kernels(cuda) + UNSEEN;
        } catch (CudaUnavailableException e) {
            return "none: " + e.getMessage();
        }
    }

    private static String describe(Device device) {
        return String.format(
                Locale.ROOT,
                "%s, sm_%d%d, %.1f GB, driver of CUDA %d.%d",
                device.name(),
                device.major(),
                device.minor(),
                device.memoryBytes() / 1e9,
                device.driverVersion() / 1000,
                device.driverVersion() % 1000 / 10);
    }

    private static String kernels(Cuda cuda) {
        try {
            ProductChoice choice = ProductChoice.asked();
            CudaBackend.requireCapability(cuda.device(), choice);
            return compiler(cuda.device())
                    + (choice.wgmma() ? ", products by wgmma" : "")
                    + "; "
                    + DenseProducts.describe(cuda, choice.library());
        } catch (CudaUnavailableException e) {
            return "; cannot be used: " + e.getMessage();
        }
    }

    private static String compiler(Device device) throws CudaUnavailableException {
        if (CudaBackend.isCompiledAhead(device)) {
            return ", kernels compiled ahead";
        }
        int version = Nvrtc.open().version();
        return String.format(Locale.ROOT, ", kernels by NVRTC %d.%d", version / 1000, version % 1000 / 10);
    }
}
