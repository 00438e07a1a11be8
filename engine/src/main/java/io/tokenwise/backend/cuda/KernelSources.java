package io.tokenwise.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** The kernels' CUDA C, resources beside this class, and which file has which kernel. */
final class KernelSources {
    /** Stands in front of each file. */
    private static final String PRELUDE = "prelude";

    static final List<String> FILES = List.of(
            "attend_one",
            "attention",
            "attention_bf16",
            "columns",
            "finish",
            "gate_training",
            "gemm_f32",
            "gemm_tensor",
            "leaving",
            "losses",
            "optimizer",
            "products",
            "quantize",
            "routing",
            "rows",
            "sequences",
            "speech",
            "values");

    private static final Pattern KERNEL =
            Pattern.compile("extern \"C\" __global__ void (?:__launch_bounds__\\([^)]*\\)\\s+)?(\\w+)\\(");

    private final Map<String, String> fileOf = new HashMap<>();

    KernelSources() {
        for (String file : FILES) {
            var kernels = KERNEL.matcher(resource(file));
            while (kernels.find()) {
                fileOf.put(kernels.group(1), file);
            }
        }
    }

    /** The file that a kernel is in. */
    String fileOf(String kernel) {
        String file = fileOf.get(kernel);
        if (file == null) {
            throw new IllegalArgumentException("there is no kernel " + kernel);
        }
        return file;
    }

    Set<String> kernels() {
        return Collections.unmodifiableSet(fileOf.keySet());
    }

    /** What is compiled. */
    static String text(String file) {
        return resource(PRELUDE) + resource(file);
    }

    private static String resource(String file) {
        try (InputStream in = KernelSources.class.getResourceAsStream(file + ".cu")) {
            if (in == null) {
                throw new IllegalStateException("the resource io/tokenwise/backend/cuda/" + file + ".cu is missing");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
