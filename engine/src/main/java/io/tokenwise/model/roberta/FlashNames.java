package io.tokenwise.model.roberta;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.TensorData;
import io.tokenwise.io.WeightSource;
import io.tokenwise.model.RenamedWeights;
import io.tokenwise.model.RenamedWeights.Origin;
import io.tokenwise.model.TensorNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names of tensors as jinaai/xlm-roberta-flash-implementation has them, beside transformers': jina-reranker-v2-base-multilingual's. Layers are the same; queries, keys and values are rows of one matrix, in
 * this order (its convert_roberta_weights_to_flash.py, of which aoncevay/jina-wrapper has a copy at 9d1b5ddf5dbbd575c98a2489cd9065cd66e67dfe, {@code remap_state_dict}).
 *
 * @param names of transformers
 */
record FlashNames(TensorNames names) implements TensorNames {
    /** What comes from Q, K and V, and only there. */
    private static final String TOGETHER = "mixer.Wqkv";

    private static final List<String> EACH =
            List.of("attention.self.query", "attention.self.key", "attention.self.value");

    private static final Map<String, String> PARTS = Map.of(
            "mixer.out_proj", "attention.output.dense",
            "norm1", "attention.output.LayerNorm",
            "mlp.fc1", "intermediate.dense",
            "mlp.fc2", "output.dense",
            "norm2", "output.LayerNorm");

    private static final Pattern LAYER =
            Pattern.compile("(?<model>.*)encoder\\.layers\\.(?<number>\\d+)\\.(?<part>.+)(?<kind>\\.weight|\\.bias)");

    /** How matrices are kept that LoRA is added to, as jina-embeddings-v3's are. */
    private static final String LORA = ".parametrizations.";

    /** The same weights under transformers' names; those that have them already as they are. */
    @Override
    public WeightSource inOurForm(WeightSource file) {
        if (file.names().stream().noneMatch(name -> name.contains("." + TOGETHER + "."))) {
            return names.inOurForm(file);
        }
        Map<String, Origin> origins = new LinkedHashMap<>();
        for (String name : file.names()) {
            if (name.contains(LORA)) {
                throw new BadFileException(
                        file.description(),
                        "has a tensor " + name + ": adapters (LoRA) of jina-embeddings-v3 are not read; supported:"
                                + " weights without");
            }
            put(name, file.description(), origins);
        }
        return names.inOurForm(new RenamedWeights(file, origins));
    }

    private static void put(String name, String file, Map<String, Origin> origins) {
        Matcher layer = LAYER.matcher(name);
        if (!layer.matches()) {
            putOne(name.replace("emb_ln.", "embeddings.LayerNorm."), new Origin(name), file, origins);
            return;
        }
        String path = layer.group("model") + "encoder.layer." + layer.group("number") + ".";
        String part = layer.group("part");
        if (part.equals(TOGETHER)) {
            for (int i = 0; i < EACH.size(); i++) {
                String ours = path + EACH.get(i) + layer.group("kind");
                putOne(ours, new Origin(name, i, EACH.size()), file, origins);
            }
        } else {
            putOne(path + PARTS.getOrDefault(part, part) + layer.group("kind"), new Origin(name), file, origins);
        }
    }

    private static void putOne(String ours, Origin origin, String file, Map<String, Origin> origins) {
        Origin other = origins.putIfAbsent(ours, origin);
        if (other != null) {
            throw new BadFileException(
                    file, "tensors " + other.name() + " and " + origin.name() + " are one: leave one of them out");
        }
    }

    @Override
    public Map<String, Origin> origins(WeightSource source) {
        return names.origins(source);
    }

    @Override
    public String written(String ours) {
        return names.written(ours);
    }

    @Override
    public Map<String, TensorData> inFilesForm(Map<String, TensorData> ours) {
        return names.inFilesForm(ours);
    }
}
