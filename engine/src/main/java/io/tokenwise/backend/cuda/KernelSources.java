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

    /** Stands behind it in front of files with products on tensor cores. */
    private static final String TENSOR_PRODUCTS = "tensor_products";

    private static final String TENSOR = "gemm_tensor";

    /** The file with instructions of Hopper's that devices after it do not have. */
    private static final String WGMMA = "gemm_wgmma";

    private static final String HOPPER = "sm_90";
    private static final String HOPPER_ONLY = "sm_90a";

    static final List<String> FILES = List.of(
            "attend_one",
            "attention",
            "attention_bf16",
            "columns",
            "finish",
            "gate_training",
            "gemm_f32",
            TENSOR,
            WGMMA,
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

    /** The files whose kernels a device of an architecture can run. */
    static List<String> files(String architecture) {
        return FILES.stream()
                .filter(file -> !file.equals(WGMMA) || architecture.equals(HOPPER))
                .toList();
    }

    /** What a file is compiled for, where others are compiled for this architecture. */
    static String target(String file, String architecture) {
        return file.equals(WGMMA) ? HOPPER_ONLY : architecture;
    }

    /** What is compiled. */
    static String text(String file) {
        boolean hasProducts = file.equals(TENSOR) || file.equals(WGMMA);
        return resource(PRELUDE) + (hasProducts ? resource(TENSOR_PRODUCTS) : "") + resource(file);
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
