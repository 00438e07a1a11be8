package io.tokenwise.model.vit;

import io.tokenwise.io.WeightSource;
import io.tokenwise.model.RenamedWeights;
import io.tokenwise.model.TensorNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds a Vision Transformer's tensors under the names of Hugging Face, with or without the leading {@code vit.}, or under those of torchvision,
 * which keeps Q, K and V in one tensor.
 */
final class VitWeights implements TensorNames {
    /** Before all names but the classifier's. */
    private static final String PREFIX = "vit.";

    private static final String CLASSIFIER = "classifier.";

    private static final Pattern LAYER = Pattern.compile("encoder\\.layers\\.encoder_layer_(\\d+)\\.(.*)");

    /** torchvision's names to ours, outside and inside of layers. */
    private static final Map<String, String> PARTS = Map.ofEntries(
            Map.entry("class_token", "embeddings.cls_token"),
            Map.entry("encoder.pos_embedding", "embeddings.position_embeddings"),
            Map.entry("conv_proj", "embeddings.patch_embeddings.projection"),
            Map.entry("encoder.ln", "layernorm"),
            Map.entry("heads.head", "classifier"),
            Map.entry("ln_1", "layernorm_before"),
            Map.entry("self_attention.out_proj", "attention.output.dense"),
            Map.entry("ln_2", "layernorm_after"),
            Map.entry("mlp.linear_1", "intermediate.dense"),
            Map.entry("mlp.linear_2", "output.dense"),
            // Since version 0.12; older files have the names above.
            Map.entry("mlp.0", "intermediate.dense"),
            Map.entry("mlp.3", "output.dense"));

    @Override
    public String written(String ours) {
        return ours.startsWith(CLASSIFIER) ? ours : PREFIX + ours;
    }

    @Override
    public Map<String, RenamedWeights.Origin> origins(WeightSource source) {
        Map<String, RenamedWeights.Origin> origins = new LinkedHashMap<>();
        boolean torchvision = TorchvisionVit.is(source);
        for (String name : source.names()) {
            if (torchvision) {
                addTorchvision(name, origins);
            } else {
                origins.put(
                        name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name,
                        new RenamedWeights.Origin(name));
            }
        }
        return origins;
    }

    private static void addTorchvision(String name, Map<String, RenamedWeights.Origin> origins) {
        Matcher layer = LAYER.matcher(name);
        boolean inLayer = layer.matches();
        String path = inLayer ? "encoder.layer." + layer.group(1) + "." : "";
        String part = inLayer ? layer.group(2) : name;
        if (part.startsWith("self_attention.in_proj_")) {
            String what = part.substring("self_attention.in_proj_".length());
            List<String> projections = List.of("query", "key", "value");
            for (int i = 0; i < projections.size(); i++) {
                origins.put(
                        path + "attention.attention." + projections.get(i) + "." + what,
                        new RenamedWeights.Origin(name, i, projections.size()));
            }
            return;
        }
        int end = part.endsWith(".weight") || part.endsWith(".bias") ? part.lastIndexOf('.') : part.length();
        String ours = PARTS.get(part.substring(0, end));
        if (ours != null) {
            origins.put(path + ours + part.substring(end), new RenamedWeights.Origin(name));
        }
    }
}
