package io.tokenwise.bench;

import io.tokenwise.references.RandomModel;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Sizes of a family's best known models, whose time does not depend on what their weights are. */
enum FamilyShape {
    /** nomic-embed-text. */
    NOMIC(
            "nomic_bert",
            Map.of("n_embd", 768, "n_inner", 3072, "n_layer", 12, "n_head", 12, "n_positions", 512),
            Map.of(
                    "qkv_proj_bias",
                    false,
                    "mlp_fc1_bias",
                    false,
                    "mlp_fc2_bias",
                    false,
                    "rotary_emb_base",
                    1000,
                    "activation_function",
                    "swiglu",
                    "type_vocab_size",
                    2)),

    /** ModernBERT-base: gte-modernbert-base, modernbert-embed-base. */
    MODERNBERT(
            "modernbert",
            Map.of("hidden_size", 768, "intermediate_size", 1152, "num_hidden_layers", 22, "num_attention_heads", 12),
            Map.of(
                    "attention_bias",
                    false,
                    "mlp_bias",
                    false,
                    "norm_bias",
                    false,
                    "hidden_activation",
                    "gelu",
                    "pad_token_id",
                    0)),

    /** DeBERTa v3 base: guards against injected prompts, zero-shot classifiers, mxbai-rerank-base-v1. */
    DEBERTA(
            "deberta_v2",
            Map.of("hidden_size", 768, "intermediate_size", 3072, "num_hidden_layers", 12, "num_attention_heads", 12),
            Map.of(
                    "relative_attention",
                    true,
                    "position_buckets",
                    256,
                    "norm_rel_ebd",
                    "layer_norm",
                    "share_att_key",
                    true,
                    "pos_att_type",
                    "p2c|c2p",
                    "position_biased_input",
                    false,
                    "hidden_act",
                    "gelu")),

    /** XLM-R-base: multilingual-e5-base. */
    XLM_R(
            "bert",
            Map.of("hidden_size", 768, "intermediate_size", 3072, "num_hidden_layers", 12, "num_attention_heads", 12),
            Map.of(
                    "model_type",
                    "xlm-roberta",
                    "type_vocab_size",
                    1,
                    "pad_token_id",
                    1,
                    "layer_norm_eps",
                    1e-5,
                    "hidden_act",
                    "gelu"));

    /** Of all: a table of more words takes memory but no time. */
    static final int WORDS = 2_000;

    static final int MOST_TOKENS = 512;
    static final int HIDDEN = 768;

    /** Lower ones are marks. */
    static final int FIRST_WORD = 10;

    private final String program;
    private final Map<String, Object> config;

    FamilyShape(String program, Map<String, Object> sizes, Map<String, Object> others) {
        this.program = program;
        config = new LinkedHashMap<>(sizes);
        config.putAll(others);
        config.put("vocab_size", WORDS);
        // XLM-R counts from 2 on.
        config.put("max_position_embeddings", MOST_TOKENS + 2);
    }

    /** As the command line writes it. */
    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    int layers() {
        return (int) config.getOrDefault("num_hidden_layers", config.get("n_layer"));
    }

    /** @param layers fewer than the family's, where memory is scarce; as many as {@link #layers} else */
    RandomModel random(int layers) throws IOException {
        var changed = new LinkedHashMap<>(config);
        changed.replace("num_hidden_layers", layers);
        changed.replace("n_layer", layers);
        return RandomModel.of(program, changed, 1);
    }
}
