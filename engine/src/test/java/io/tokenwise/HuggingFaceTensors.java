package io.tokenwise;

import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.model.vit.VitArchitecture;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of models' tensors as the state of Hugging Face's classes has them, written down by hand: what our builders say is compared with it. */
public final class HuggingFaceTensors {
    private final Map<String, long[]> shapes = new LinkedHashMap<>();
    private final long hidden;

    private HuggingFaceTensors(long hidden) {
        this.hidden = hidden;
    }

    /** BertModel's, without a pooler. */
    public static Map<String, long[]> of(BertArchitecture sizes) {
        var all = new HuggingFaceTensors(sizes.hiddenSize());
        all.add("embeddings.word_embeddings.weight", sizes.vocabularySize(), sizes.hiddenSize());
        all.add("embeddings.position_embeddings.weight", sizes.maxPositions(), sizes.hiddenSize());
        all.add("embeddings.token_type_embeddings.weight", sizes.typeVocabularySize(), sizes.hiddenSize());
        all.norm("embeddings.LayerNorm");
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            all.attention(layer, "attention.self.");
            all.norm(layer + "attention.output.LayerNorm");
            all.mlp(layer, sizes.intermediateSize());
            all.norm(layer + "output.LayerNorm");
        }
        return all.shapes;
    }

    /** ViTForImageClassification's, without the leading {@code vit.}. */
    public static Map<String, long[]> of(VitArchitecture sizes) {
        var all = new HuggingFaceTensors(sizes.hiddenSize());
        all.add("embeddings.cls_token", 1, 1, sizes.hiddenSize());
        all.add("embeddings.position_embeddings", 1, sizes.tokens(), sizes.hiddenSize());
        String projection = "embeddings.patch_embeddings.projection";
        all.add(projection + ".weight", sizes.hiddenSize(), 3, sizes.patchSize(), sizes.patchSize());
        all.add(projection + ".bias", sizes.hiddenSize());
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            all.norm(layer + "layernorm_before");
            all.attention(layer, "attention.attention.");
            all.norm(layer + "layernorm_after");
            all.mlp(layer, sizes.intermediateSize());
        }
        all.norm("layernorm");
        all.linear("classifier", sizes.classes(), sizes.hiddenSize());
        return all.shapes;
    }

    /** MoonshineForConditionalGeneration's, without the leading {@code model.}; the output projection is the table of tokens. */
    public static Map<String, long[]> of(MoonshineArchitecture sizes) {
        var all = new HuggingFaceTensors(sizes.hiddenSize());
        long hidden = sizes.hiddenSize();
        all.add("encoder.conv1.weight", hidden, 1, 127);
        all.norm("encoder.groupnorm");
        all.add("encoder.conv2.weight", 2 * hidden, hidden, 7);
        all.add("encoder.conv2.bias", 2 * hidden);
        all.add("encoder.conv3.weight", hidden, 2 * hidden, 3);
        all.add("encoder.conv3.bias", hidden);
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "encoder.layers." + i + ".";
            all.add(layer + "input_layernorm.weight", hidden);
            all.projections(layer + "self_attn.");
            all.add(layer + "post_attention_layernorm.weight", hidden);
            all.linear(layer + "mlp.fc1", sizes.intermediateSize(), hidden);
            all.linear(layer + "mlp.fc2", hidden, sizes.intermediateSize());
        }
        all.add("encoder.layer_norm.weight", hidden);
        all.add("decoder.embed_tokens.weight", sizes.vocabularySize(), hidden);
        for (int i = 0; i < sizes.decoderLayers(); i++) {
            String layer = "decoder.layers." + i + ".";
            all.add(layer + "input_layernorm.weight", hidden);
            all.projections(layer + "self_attn.");
            all.add(layer + "post_attention_layernorm.weight", hidden);
            all.projections(layer + "encoder_attn.");
            all.add(layer + "final_layernorm.weight", hidden);
            all.linear(layer + "mlp.fc1", 2L * sizes.intermediateSize(), hidden);
            all.linear(layer + "mlp.fc2", hidden, sizes.intermediateSize());
        }
        all.add("decoder.norm.weight", hidden);
        return all.shapes;
    }

    private void add(String name, long... shape) {
        shapes.put(name, shape);
    }

    private void linear(String name, long out, long in) {
        add(name + ".weight", out, in);
        add(name + ".bias", out);
    }

    private void norm(String name) {
        add(name + ".weight", hidden);
        add(name + ".bias", hidden);
    }

    private void attention(String layer, String self) {
        linear(layer + self + "query", hidden, hidden);
        linear(layer + self + "key", hidden, hidden);
        linear(layer + self + "value", hidden, hidden);
        linear(layer + "attention.output.dense", hidden, hidden);
    }

    private void mlp(String layer, long units) {
        linear(layer + "intermediate.dense", units, hidden);
        linear(layer + "output.dense", hidden, units);
    }

    private void projections(String path) {
        for (String projection : new String[] {"q", "k", "v", "o"}) {
            add(path + projection + "_proj.weight", hidden, hidden);
        }
    }
}
