package io.tokenwise.backend.cuda;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Kernels that are compiled before there is a device, so that none of the machines that they are brought to needs a compiler. They lie in the folder that the
 * system property {@code tokenwise.cache} names there, and serve devices of their architecture only.
 */
public final class CompiledAhead {
    private CompiledAhead() {}

    /** Compiles CUDA C to a cubin. */
    @FunctionalInterface
    public interface Compiler {
        /**
         * @param name of the source, for messages and files
         * @param architecture {@code sm_90}, or {@code sm_90a} for what runs on no other
         */
        byte[] compile(String name, String architecture, String source) throws IOException;
    }

    /**
     * Fills a folder with all kernels.
     *
     * @param architecture of the devices, such as {@code sm_90}
     */
    public static void write(Path folder, String architecture, Compiler compiler) throws IOException {
        for (String file : KernelSources.files(architecture)) {
            String text = KernelSources.text(file);
            String target = KernelSources.target(file, architecture);
            CubinFile.aheadIn(folder, file, target, text, CudaKernels.OPTIONS)
                    .writeAll(compiler.compile(file, target, text));
        }
    }

    /** Where a file lies that was compiled ahead for devices of an architecture. */
    static CubinFile ahead(String file, String architecture) {
        return CubinFile.ahead(
                file, KernelSources.target(file, architecture), KernelSources.text(file), CudaKernels.OPTIONS);
    }

    /** Whether there is a file for each that could be asked for; they may be damaged. */
    static boolean hasAll(String architecture) {
        return KernelSources.files(architecture).stream()
                .allMatch(file -> ahead(file, architecture).exists());
    }
}
