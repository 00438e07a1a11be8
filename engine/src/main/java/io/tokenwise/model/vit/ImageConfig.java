package io.tokenwise.model.vit;

import io.tokenwise.api.BadFileException;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.io.JsonFile;
import io.tokenwise.model.ClassesConfig;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes what describes an image classifier: config.json of a Vision Transformer and, where present, preprocessor_config.json. What they
 * leave out is as in Hugging Face's models or, if the weights have torchvision's names, in torchvision's.
 */
final class ImageConfig {
    private static final String PREPARATION = "preprocessor_config.json";

    private static final String EPSILON = "layer_norm_eps";

    /** Far above every published ViT. */
    private static final int MAX_SIZE = 1 << 12;

    private static final int MAX_CLASSES = 1 << 16;

    /** PIL's numbers of ways to resize, which config files use. */
    private static final int BILINEAR = 2;

    private static final int BICUBIC = 3;

    /** Ours, for torchvision's models: no image processor of Hugging Face's rounds otherwise than down. */
    private static final String ROUNDING = "center_crop_rounding";

    private static final String HALF_EVEN = "half_even";

    private static final double RESCALE_FACTOR = 1 / 255.0;
    private static final List<Double> HALVES = List.of(0.5, 0.5, 0.5);

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private ImageConfig() {}

    static ImageDescription read(ModelFolder folder, JsonFile config) throws IOException {
        if (ClassesConfig.isClass(config, "ViTModel")) {
            throw config.refuse("architectures", "ViTForImageClassification, since vectors of images are not given");
        }
        List<String> labels = labels(config);
        boolean complete = config.has(EPSILON) && folder.has(PREPARATION);
        boolean torchvisions = !complete && TorchvisionVit.isIn(folder);
        VitArchitecture architecture =
                architecture(config, labels.size(), torchvisions ? TorchvisionVit.LAYER_NORM_EPSILON : 1e-12);
        return new ImageDescription(
                folder.name(),
                VitFamily.VIT,
                architecture,
                preparation(folder, architecture, torchvisions),
                labels,
                ClassesConfig.several(config),
                config.has("acm") ? Optional.of(config.root().get("acm")) : Optional.empty());
    }

    private static ImagePreparation preparation(ModelFolder folder, VitArchitecture architecture, boolean torchvisions)
            throws IOException {
        if (folder.has(PREPARATION)) {
            return preparation(folder.read(PREPARATION), architecture);
        }
        return torchvisions
                ? TorchvisionVit.preparation(architecture.imageSize())
                : ImagePreparation.stretched(architecture.imageSize());
    }

    private static VitArchitecture architecture(JsonFile config, int classes, double usualEpsilon) {
        config.supports("hidden_act", "gelu");
        if (!config.flag("qkv_bias", true)) {
            throw config.refuse("qkv_bias", "true");
        }
        config.integer("num_channels", VitArchitecture.CHANNELS, VitArchitecture.CHANNELS, VitArchitecture.CHANNELS);
        int most = Integer.MAX_VALUE;
        try {
            return new VitArchitecture(
                    config.integer("hidden_size", 1, most),
                    config.integer("num_hidden_layers", 1, most),
                    config.integer("num_attention_heads", 1, most),
                    config.integer("intermediate_size", 1, most),
                    config.integer("image_size", 1, most, 224),
                    config.integer("patch_size", 1, most, 16),
                    classes,
                    config.has(EPSILON) ? config.number(EPSILON, 0, 1) : usualEpsilon);
        } catch (IllegalArgumentException e) {
            throw new BadFileException(config.file(), e.getMessage());
        }
    }

    /** From {@code id2label}, which must name class 0, class 1 and so on, or else from {@code num_labels}, or else two, as transformers has it. */
    private static List<String> labels(JsonFile config) {
        if (!config.has("id2label")) {
            return numbered(config.integer("num_labels", 2, MAX_CLASSES, 2));
        }
        JsonNode names = config.root().get("id2label");
        if (names.size() > MAX_CLASSES) {
            throw new BadFileException(
                    config.file(), "id2label names " + names.size() + " classes; at most " + MAX_CLASSES + " are read");
        }
        // In their order; ImageNet has two of some names.
        var labels = new LinkedHashSet<String>();
        for (int i = 0; i < names.size(); i++) {
            JsonNode name = names.path(Integer.toString(i));
            if (!name.isString()) {
                throw new BadFileException(
                        config.file(), "id2label has no name for class " + i + " of " + names.size());
            }
            String label = name.stringValue();
            if (label.chars().anyMatch(Character::isISOControl)) {
                throw new BadFileException(
                        config.file(), "id2label has control characters in the name of class " + i + ": " + label);
            }
            if (!labels.add(label) && !labels.add(label + " (" + i + ")")) {
                throw new BadFileException(config.file(), "id2label has two classes " + label + " (" + i + ")");
            }
        }
        if (labels.size() < 2) {
            throw new BadFileException(
                    config.file(), "id2label names " + labels.size() + " classes; at least 2 are needed");
        }
        return List.copyOf(labels);
    }

    /** What Hugging Face calls classes without names. */
    static List<String> numbered(int classes) {
        return IntStream.range(0, classes).mapToObj(i -> "LABEL_" + i).toList();
    }

    private static ImagePreparation preparation(JsonFile file, VitArchitecture architecture) {
        if (!file.flag("do_resize", true)) {
            throw file.refuse("do_resize", "true");
        }
        if (!file.flag("do_rescale", true)) {
            throw file.refuse("do_rescale", "true");
        }
        if (file.has("rescale_factor") && Math.abs(file.number("rescale_factor", 0, 1) - RESCALE_FACTOR) > 1e-9) {
            throw file.refuse("rescale_factor", "1 / 255, or none");
        }
        int size = architecture.imageSize();
        boolean shorter = file.root().path("size").has("shortest_edge");
        int resizedTo = file.has("size") ? side(file, "size", shorter) : size;
        int cut = file.flag("do_center_crop", false) ? side(file, "crop_size", false) : resizedTo;
        if (cut != size && !(shorter && !file.flag("do_center_crop", false)) || resizedTo < size) {
            throw new BadFileException(
                    file.file(),
                    "makes images of " + Math.min(cut, resizedTo) + " pixels, the model reads " + size
                            + ": size, or crop_size with do_center_crop, must say so");
        }
        file.supports(ROUNDING, HALF_EVEN);
        boolean normalized = file.flag("do_normalize", true);
        return new ImagePreparation(
                resizedTo,
                !shorter,
                file.integer("resample", BILINEAR, BICUBIC, BILINEAR) == BICUBIC,
                file.has(ROUNDING),
                normalized ? colours(file, "image_mean", 0) : List.of(0.0, 0.0, 0.0),
                normalized ? colours(file, "image_std", 1e-6) : List.of(1.0, 1.0, 1.0));
    }

    /** Pixels: a number, or a field of an object; a rectangle must be a square. */
    private static int side(JsonFile file, String field, boolean shorter) {
        JsonNode value = file.root().path(field);
        JsonNode length = value.isObject() ? value.path(shorter ? "shortest_edge" : "height") : value;
        boolean square = !value.isObject() || shorter || length.equals(value.path("width"));
        if (!square || !length.canConvertToInt() || length.intValue() < 1 || length.intValue() > MAX_SIZE) {
            throw file.refuse(field, "1 to " + MAX_SIZE + " pixels, as a number or as height and width of a square");
        }
        return length.intValue();
    }

    private static List<Double> colours(JsonFile file, String field, double least) {
        if (!file.has(field)) {
            return HALVES;
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

    /** What is written for a model, by the path in its folder. */
    static Map<String, byte[]> beside(ImageDescription description) {
        return Map.of(PREPARATION, JsonFile.format(preparation(description)));
    }

    static ObjectNode config(ImageDescription description) {
        var sizes = (VitArchitecture) description.architecture();
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
                .put(EPSILON, sizes.layerNormEpsilon())
                .put("hidden_act", "gelu");
        ClassesConfig.writeLabels(description.labels(), description.several(), config);
        return config;
    }

    private static ObjectNode preparation(ImageDescription description) {
        ImagePreparation preparation = description.preparation();
        int size = description.architecture().imageSize();
        boolean cut = !preparation.stretched() || preparation.resizedTo() != size;
        ObjectNode file = JSON.objectNode()
                .put("image_processor_type", "ViTImageProcessor")
                .put("do_resize", true)
                .put("resample", preparation.bicubic() ? BICUBIC : BILINEAR)
                .put("do_rescale", true)
                .put("do_normalize", true)
                .put("do_center_crop", cut);
        ObjectNode resized = file.putObject("size");
        if (preparation.stretched()) {
            resized.put("height", preparation.resizedTo()).put("width", preparation.resizedTo());
        } else {
            resized.put("shortest_edge", preparation.resizedTo());
        }
        if (cut) {
            file.putObject("crop_size").put("height", size).put("width", size);
        }
        if (preparation.cutHalfEven()) {
            file.put(ROUNDING, HALF_EVEN);
        }
        preparation.means().forEach(file.withArray("image_mean")::add);
        preparation.deviations().forEach(file.withArray("image_std")::add);
        return file;
    }
}
