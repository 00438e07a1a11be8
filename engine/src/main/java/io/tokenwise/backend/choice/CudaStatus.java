package io.tokenwise.backend.choice;

import io.tokenwise.backend.cuda.CudaBackend;
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
            return describe(cuda.device()) + compiler(cuda.device()) + UNSEEN;
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

    private static String compiler(Device device) {
        try {
            boolean wgmma = CudaBackend.usesWgmma();
            CudaBackend.requireCapability(device, wgmma);
            String products = wgmma ? ", products by wgmma" : "";
            if (CudaBackend.isCompiledAhead(device)) {
                return ", kernels compiled ahead" + products;
            }
            int version = Nvrtc.open().version();
            return String.format(
                    Locale.ROOT, ", kernels by NVRTC %d.%d%s", version / 1000, version % 1000 / 10, products);
        } catch (CudaUnavailableException e) {
            return "; cannot be used: " + e.getMessage();
        }
    }
}
