package io.tokenwise.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Reads and writes what describes an image classifier: config.json of a Vision Transformer and, where present, preprocessor_config.json. */
final class ImageConfig {
    static final String PREPARATION = "preprocessor_config.json";

    // Far above every published ViT, far below what overflows an int or exhausts memory by a typing error.
    private static final int MAX_WIDTH = 1 << 16;
    private static final int MAX_LAYERS = 1 << 10;
    private static final int MAX_SIZE = 1 << 12;
    private static final int MAX_TOKENS = 1 << 14;
    private static final int MAX_CLASSES = 1 << 20;

    /** PIL's numbers of ways to resize, which config files use. */
    private static final int BILINEAR = 2;

    private static final int BICUBIC = 3;

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ImageConfig() {}

    static ImageDescription read(ModelFolder folder, JsonFile config) throws IOException {
        List<String> labels = labels(config);
        VitArchitecture architecture = architecture(config, labels.size());
        ImagePreparation preparation = folder.has(PREPARATION)
                ? preparation(ModelConfig.read(folder, PREPARATION), architecture)
                : ImagePreparation.STRETCHED;
        return new ImageDescription(
                folder.name(),
                architecture,
                preparation,
                labels,
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static VitArchitecture architecture(JsonFile config, int classes) {
        config.supports("hidden_act", "gelu");
        if (!config.flag("qkv_bias", true)) {
            throw config.refuse("qkv_bias", "true");
        }
        config.integer("num_channels", VitArchitecture.CHANNELS, VitArchitecture.CHANNELS, VitArchitecture.CHANNELS);
        int hidden = config.integer("hidden_size", 1, MAX_WIDTH);
        int heads = config.integer("num_attention_heads", 1, hidden);
        if (hidden % heads != 0) {
            throw new BadFileException(
                    config.file(), "hidden_size " + hidden + " is not a multiple of num_attention_heads " + heads);
        }
        int image = config.integer("image_size", 1, MAX_SIZE, 224);
        int patch = config.integer("patch_size", 1, image, 16);
        if (image % patch != 0 || (image / patch) * (image / patch) > MAX_TOKENS) {
            throw new BadFileException(
                    config.file(),
                    "image_size " + image + " with patch_size " + patch
                            + ": the patches must cover the image, and be at most " + MAX_TOKENS);
        }
        return new VitArchitecture(
                hidden,
                config.integer("num_hidden_layers", 1, MAX_LAYERS),
                heads,
                config.integer("intermediate_size", 1, MAX_WIDTH),
                image,
                patch,
                classes,
                config.has("layer_norm_eps") ? config.number("layer_norm_eps", 0, 1) : 1e-12);
    }

    /** From {@code id2label}, which must name class 0, class 1 and so on, or else from {@code num_labels}. */
    private static List<String> labels(JsonFile config) {
        if (!config.has("id2label")) {
            int count = config.integer("num_labels", 2, MAX_CLASSES);
            return IntStream.range(0, count).mapToObj(i -> "LABEL_" + i).toList();
        }
        JsonNode names = config.root().get("id2label");
        var labels = new ArrayList<String>();
        for (int i = 0; i < names.size(); i++) {
            JsonNode name = names.path(Integer.toString(i));
            if (!name.isString()) {
                throw new BadFileException(
                        config.file(), "id2label has no name for class " + i + " of " + names.size());
            }
            labels.add(name.stringValue());
        }
        if (labels.size() < 2) {
            throw new BadFileException(
                    config.file(), "id2label names " + labels.size() + " classes; at least 2 are needed");
        }
        return labels;
    }

    private static ImagePreparation preparation(JsonFile file, VitArchitecture architecture) {
        boolean cut = file.flag("do_center_crop", false);
        int size = architecture.imageSize();
        int crop = cut ? side(file, "crop_size", "height") : size;
        JsonNode resized = file.root().path("size");
        // Without a crop size and shortest_edge are the same only if the image is square already.
        int shorter = resized.has("shortest_edge") || cut ? side(file, "size", "shortest_edge") : 0;
        int stretched = shorter > 0 ? crop : side(file, "size", "height");
        if (crop != size || stretched != size || shorter != 0 && shorter < size) {
            throw new BadFileException(
                    file.file(),
                    "makes images of " + (shorter > 0 ? crop : stretched) + " pixels, the model reads " + size
                            + ": size (or crop_size with do_center_crop) must say so");
        }
        int resample = file.integer("resample", BILINEAR, BICUBIC, BILINEAR);
        boolean normalized = file.flag("do_normalize", true);
        return new ImagePreparation(
                shorter,
                resample == BICUBIC,
                normalized ? colours(file, "image_mean", 0) : List.of(0.0, 0.0, 0.0),
                normalized ? colours(file, "image_std", 1e-6) : List.of(1.0, 1.0, 1.0));
    }

    /** A length of pixels: a number, or a field of an object. */
    private static int side(JsonFile file, String field, String inObject) {
        JsonNode value = file.root().path(field);
        JsonNode length = value.isObject() ? value.path(value.has(inObject) ? inObject : "height") : value;
        if (length.isMissingNode() && field.equals("size")) {
            return 224;
        }
        if (!length.canConvertToInt() || length.intValue() < 1 || length.intValue() > MAX_SIZE) {
            throw file.refuse(field, "1 to " + MAX_SIZE + " pixels, as a number or an object with " + inObject);
        }
        return length.intValue();
    }

    private static List<Double> colours(JsonFile file, String field, double least) {
        if (!file.has(field)) {
            return ImagePreparation.STRETCHED.means();
        }
        JsonNode values = file.root().get(field);
        var colours = new ArrayList<Double>();
        values.forEach(value -> colours.add(value.asDouble(Double.NaN)));
        if (!values.isArray()
                || colours.size() != VitArchitecture.CHANNELS
                || !colours.stream().allMatch(value -> value >= least && value <= 1e6)) {
            throw file.refuse(field, "three numbers from " + least + ", of red, green and blue");
        }
        return colours;
    }

    /** Writes all files of an image classifier but its weights. */
    static void write(Path directory, ImageDescription description) throws IOException {
        ModelWriter.write(directory.resolve("config.json"), JsonFile.format(config(description)));
        ModelWriter.write(directory.resolve(PREPARATION), JsonFile.format(preparation(description)));
    }

    private static ObjectNode config(ImageDescription description) {
        VitArchitecture sizes = description.architecture();
        ObjectNode config = JSON.objectNode();
        config.putArray("architectures").add("ViTForImageClassification");
        config.put("model_type", "vit")
                .put("hidden_size", sizes.hiddenSize())
                .put("num_hidden_layers", sizes.layers())
                .put("num_attention_heads", sizes.heads())
                .put("intermediate_size", sizes.intermediateSize())
                .put("image_size", sizes.imageSize())
                .put("patch_size", sizes.patchSize())
                .put("num_channels", VitArchitecture.CHANNELS)
                .put("qkv_bias", true)
                .put("layer_norm_eps", sizes.layerNormEpsilon())
                .put("hidden_act", "gelu");
        ObjectNode names = config.putObject("id2label");
        ObjectNode numbers = config.putObject("label2id");
        for (int i = 0; i < sizes.classes(); i++) {
            names.put(Integer.toString(i), description.labels().get(i));
            numbers.put(description.labels().get(i), i);
        }
        description.acm().ifPresent(acm -> config.set("acm", acm));
        return config;
    }

    private static ObjectNode preparation(ImageDescription description) {
        ImagePreparation preparation = description.preparation();
        int size = description.architecture().imageSize();
        boolean cut = preparation.resizedTo() > 0;
        ObjectNode file = JSON.objectNode()
                .put("image_processor_type", "ViTImageProcessor")
                .put("do_resize", true)
                .put("resample", preparation.bicubic() ? BICUBIC : BILINEAR)
                .put("do_rescale", true)
                .put("do_normalize", true)
                .put("do_center_crop", cut);
        if (cut) {
            file.putObject("size").put("shortest_edge", preparation.resizedTo());
        }
        file.putObject(cut ? "crop_size" : "size").put("height", size).put("width", size);
        preparation.means().forEach(file.withArray("image_mean")::add);
        preparation.deviations().forEach(file.withArray("image_std")::add);
        return file;
    }
}
