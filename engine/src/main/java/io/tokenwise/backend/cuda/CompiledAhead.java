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
        /** @param name of the source, for messages and files */
        byte[] compile(String name, String source) throws IOException;
    }

    /**
     * Fills a folder with all kernels.
     *
     * @param architecture that the compiler compiles for, such as {@code sm_90}
     */
    public static void write(Path folder, String architecture, Compiler compiler) throws IOException {
        for (String file : KernelSources.FILES) {
            String text = KernelSources.text(file);
            CubinFile.aheadIn(folder, file, architecture, text, CudaKernels.OPTIONS)
                    .writeAll(compiler.compile(file, text));
        }
    }

    /** Whether there is a file for each that could be asked for; they may be damaged. */
    static boolean hasAll(String architecture) {
        return KernelSources.FILES.stream()
                .allMatch(file -> CubinFile.ahead(file, architecture, KernelSources.text(file), CudaKernels.OPTIONS)
                        .exists());
    }
}
