package io.tokenwise;

import io.tokenwise.image.ImagePreparation;
import io.tokenwise.io.SafetensorsWriter;
import io.tokenwise.io.TensorData;
import io.tokenwise.model.ImageArchitecture;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Vision Transformers with random weights. */
public final class TestVits {
    /** Hidden 24, 2 layers, 3 heads, 48 hidden units, images of 12 x 12 in nine patches, 5 classes. */
    public static final VitArchitecture SMALL = new VitArchitecture(24, 2, 3, 48, 12, 4, 5, 1e-6);

    private TestVits() {}

    /** Who named the tensors. */
    public enum Names {
        WITHOUT_PREFIX,
        HUGGING_FACE,
        TORCHVISION
    }

    /** Classes "class 0" and so on; ImageNet's means and deviations. */
    public static ImageDescription describe(VitArchitecture sizes) {
        var preparation = new ImagePreparation(
                sizes.imageSize() + 4, false, false, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225));
        List<String> labels =
                IntStream.range(0, sizes.classes()).mapToObj(i -> "class " + i).toList();
        return new ImageDescription("vit", VitFamily.VIT, sizes, preparation, labels, Optional.empty());
    }

    /** Random weights such that a layer neither explodes nor dies. */
    public static Map<String, TensorData> weights(Arena arena, VitArchitecture sizes) {
        var random = new SplittableRandom(3);
        Map<String, TensorData> weights = new LinkedHashMap<>();
        HuggingFaceTensors.of(sizes).forEach((name, shape) -> {
            long size = 1;
            for (long dimension : shape) {
                size *= dimension;
            }
            boolean gain = name.contains("layernorm") && name.endsWith("weight");
            double deviation = shape.length == 2 ? 1 / Math.sqrt(shape[1]) : 0.1;
            MemorySegment floats = arena.allocate(size * Float.BYTES, 64);
            for (long i = 0; i < size; i++) {
                double uniform = (random.nextDouble() - 0.5) * Math.sqrt(12);
                floats.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) ((gain ? 1 : 0) + deviation * uniform));
            }
            weights.put(name, new TensorData(shape, floats));
        });
        return weights;
    }

    /** Writes a directory with the tensors under someone's names. */
    public static void write(Path directory, ImageDescription description, Map<String, TensorData> weights, Names names)
            throws IOException {
        ModelWriter.write(directory, description, weights, null, ModelWriter.Existing.KEEP);
        switch (names) {
            case WITHOUT_PREFIX -> SafetensorsWriter.write(directory.resolve("model.safetensors"), weights, Map.of());
            // As our own writer has it.
            case HUGGING_FACE -> {}
            case TORCHVISION -> writeTorchvision(directory, weights);
        }
    }

    /** Writes weights alone, over those that are there. */
    public static void writeTorchvision(Path directory, Map<String, TensorData> weights) throws IOException {
        Map<String, TensorData> named = new LinkedHashMap<>();
        weights.keySet().forEach(name -> addTorchvision(name, weights, named));
        SafetensorsWriter.write(directory.resolve("model.safetensors"), named, Map.of());
    }

    private static void addTorchvision(String name, Map<String, TensorData> weights, Map<String, TensorData> named) {
        if (name.contains("attention.attention.")) {
            if (name.contains("attention.attention.query")) {
                String key = name.replace("query", "key");
                String value = name.replace("query", "value");
                named.put(
                        torchvision(name.replace("attention.attention.query.", "self_attention.in_proj_")),
                        joined(Stream.of(name, key, value).map(weights::get).toList()));
            }
            return;
        }
        named.put(torchvision(name), weights.get(name));
    }

    private static String torchvision(String name) {
        return name.replace("embeddings.cls_token", "class_token")
                .replace("embeddings.position_embeddings", "encoder.pos_embedding")
                .replace("embeddings.patch_embeddings.projection", "conv_proj")
                .replace("classifier", "heads.head")
                .replace("layernorm_before", "ln_1")
                .replace("layernorm_after", "ln_2")
                .replace("attention.output.dense", "self_attention.out_proj")
                .replace("intermediate.dense", "mlp.0")
                .replace("output.dense", "mlp.3")
                .replace("encoder.layer.", "encoder.layers.encoder_layer_")
                .replaceFirst("^layernorm", "encoder.ln");
    }

    private static TensorData joined(List<TensorData> parts) {
        long bytes = parts.getFirst().floats().byteSize();
        MemorySegment floats = Arena.ofAuto().allocate(bytes * parts.size(), 64);
        for (int i = 0; i < parts.size(); i++) {
            floats.asSlice(i * bytes, bytes).copyFrom(parts.get(i).floats());
        }
        long[] shape = parts.getFirst().shape().clone();
        shape[0] *= parts.size();
        return new TensorData(shape, floats);
    }

    /** Writes {@link #SMALL} and returns the directory. */
    public static Path writeSmall(Path directory) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            write(directory, describe(SMALL), weights(arena, SMALL), Names.HUGGING_FACE);
        }
        return directory;
    }

    /** Random images, as pixels. */
    public static List<int[]> images(ImageArchitecture sizes, int count) {
        var random = new SplittableRandom(4);
        return IntStream.range(0, count)
                .mapToObj(i -> random.ints((long) sizes.imageSize() * sizes.imageSize(), 0, 1 << 24)
                        .toArray())
                .toList();
    }
}
