package io.tokenwise.fakecuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A CUDA C source, whole: the very text that is given to NVRTC.
 *
 * @param name for messages, such as {@code gemm.cu}; letters, digits, dots, dashes and underscores
 */
public record KernelSource(String name, String text) {
    public KernelSource {
        if (!name.matches("[A-Za-z0-9._-]+")) {
            throw new IllegalArgumentException(
                    "a kernel source's name has letters, digits, '.', '-' and '_' only: " + name);
        }
    }

    /** The files' texts one behind the other; the name is the last one's. */
    public static KernelSource ofFiles(Path... files) throws IOException {
        var text = new StringBuilder();
        for (var file : files) {
            text.append(Files.readString(file));
        }
        return new KernelSource(files[files.length - 1].getFileName().toString(), text.toString());
    }
}
