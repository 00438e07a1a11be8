package io.tokenwise.backend.cuda;

import io.tokenwise.natives.cuda.CuFunction;
import io.tokenwise.natives.cuda.CuModule;
import io.tokenwise.natives.cuda.Cuda;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.natives.cuda.Nvrtc;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernels on one device. A file is compiled by NVRTC, or taken from those that were compiled before, when one of its kernels is asked for first. Where
 * all were compiled ahead for the device ({@link CompiledAhead}), NVRTC need not be there. Thread-safe.
 */
final class CudaKernels {
    private static final Logger LOG = LoggerFactory.getLogger(CudaKernels.class);
    static final List<String> OPTIONS = List.of("--std=c++17");

    private final Cuda cuda;

    /** The device's own architecture. */
    private final String device;

    private final boolean wgmma;

    /** Null as long as all that was asked for had been compiled ahead. */
    private Compiler compiler;

    private final KernelSources sources = new KernelSources();
    private final Map<String, CuFunction> functions = new ConcurrentHashMap<>();
    private final Map<String, CuModule> modules = new HashMap<>();

    /**
     * @param wgmma whether products take Hopper's own instructions, which the device must have
     * @throws CudaUnavailableException if there is neither NVRTC nor all that it would compile
     */
    CudaKernels(Cuda cuda, boolean wgmma) throws CudaUnavailableException {
        this.cuda = cuda;
        this.wgmma = wgmma;
        int capability = 10 * cuda.device().major() + cuda.device().minor();
        device = "sm_" + capability;
        if (!CompiledAhead.hasAll(device)) {
            compiler = Compiler.open(capability);
        }
    }

    /** NVRTC and what it compiles for. */
    private record Compiler(Nvrtc nvrtc, String architecture) {
        static Compiler open(int capability) throws CudaUnavailableException {
            Nvrtc nvrtc = Nvrtc.open();
            return new Compiler(nvrtc, architecture(capability, nvrtc.supportedArchitectures()));
        }

        /** The device's own, or, for a device that came after this NVRTC, the last one's language, which the driver compiles. */
        private static String architecture(int device, int[] supported) {
            if (Arrays.stream(supported).anyMatch(a -> a == device)) {
                return "sm_" + device;
            }
            return "compute_"
                    + Arrays.stream(supported).filter(a -> a < device).max().orElse(device);
        }
    }

    /** Whether products take Hopper's own instructions. */
    boolean wgmma() {
        return wgmma;
    }

    CuFunction function(String name) {
        CuFunction function = functions.get(name);
        return function != null ? function : load(name);
    }

    private synchronized CuFunction load(String name) {
        String file = sources.fileOf(name);
        CuModule module = modules.get(file);
        if (module == null) {
            module = module(file);
            modules.put(file, module);
        }
        CuFunction function = module.function(name);
        functions.put(name, function);
        return function;
    }

    private CuModule module(String file) {
        CuModule module = kept(CompiledAhead.ahead(file, device), file);
        return module != null ? module : compiled(file, KernelSources.text(file));
    }

    /** Null if there is none that the driver takes. */
    private CuModule kept(CubinFile kept, String file) {
        byte[] image = kept.read();
        if (image == null) {
            return null;
        }
        try {
            return cuda.load(image, file);
        } catch (CudaException e) {
            LOG.warn("{} is not used: {}", kept, e.getMessage());
            return null;
        }
    }

    private CuModule compiled(String file, String text) {
        Compiler by = compiler();
        String target = KernelSources.target(file, by.architecture);
        var kept = CubinFile.of(file, target, text, OPTIONS, by.nvrtc.version());
        CuModule module = kept(kept, file);
        if (module == null) {
            byte[] image = by.nvrtc.compile(text, file + ".cu", target, OPTIONS);
            module = cuda.load(image, file);
            kept.write(image);
        }
        return module;
    }

    /** Opens it late only where a file that was compiled ahead turned out not to serve. */
    private Compiler compiler() {
        if (compiler == null) {
            try {
                compiler =
                        Compiler.open(10 * cuda.device().major() + cuda.device().minor());
            } catch (CudaUnavailableException e) {
                throw new IllegalStateException(
                        "a kernel that was compiled ahead cannot be used, and " + e.getMessage(), e);
            }
        }
        return compiler;
    }

    /** What compiles, and for which architecture. */
    @Override
    public synchronized String toString() {
        String from = compiler == null
                ? "kernels compiled ahead for " + device
                : compiler.nvrtc + " for " + compiler.architecture;
        return wgmma ? from + ", products by wgmma" : from;
    }
}
