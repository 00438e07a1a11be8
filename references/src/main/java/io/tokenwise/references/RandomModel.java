package io.tokenwise.references;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * A small model of a family with random weights.
 *
 * @param family the program that runs it, as {@link Reference#of} wants it
 * @param config what its config.json says
 * @param weights by Hugging Face's names, without the prefix of models with heads
 */
public record RandomModel(String family, Map<String, Object> config, Map<String, Array> weights) {
    private static final int HIDDEN = 48;
    private static final int UNITS = 80;
    private static final int WORDS = 97;

    /** All families that there are programs for. */
    public static final List<String> FAMILIES = List.of(
            "bert",
            "distilbert",
            "mpnet",
            "t5",
            "deberta_v2",
            "jina_bert",
            "nomic_bert",
            "new",
            "modernbert",
            "eurobert",
            "qwen2",
            "qwen3",
            "gemma3",
            "wav2vec2");

    /** What stands beside the model in files of models with heads, so without its prefix. */
    private static final Pattern HEAD =
            Pattern.compile("(cls|lm_head|classifier|pre_classifier|vocab_\\w+|head|decoder|linear|score)\\..*");

    /** A model of any shape, its weights as {@link Weights#peaked} makes them. */
    public static RandomModel of(String family, Map<String, ?> config, long seed) throws IOException {
        var all = new LinkedHashMap<String, Object>(config);
        all.putIfAbsent(
                "model_type",
                switch (family) {
                    case "jina_bert" -> "bert";
                    case "gemma3" -> "gemma3_text";
                    case "deberta_v2" -> "deberta-v2";
                    default -> family;
                });
        return new RandomModel(family, all, Weights.peaked(Shapes.of(family, all), shift(family), seed));
    }

    private static double shift(String family) {
        return family.equals("gemma3") ? 1 : 0;
    }

    /**
     * This model with the weights of a head beside it.
     *
     * @param head {@code classifiers}, {@code masked}, {@code colbert}, {@code m3}, {@code sentence} or {@code answer}
     * @param changes what its config has besides, such as {@code num_labels}
     */
    public RandomModel with(String head, Map<String, ?> changes, long seed) throws IOException {
        var all = new LinkedHashMap<String, Object>(config);
        all.putAll(changes);
        var both = new LinkedHashMap<String, Array>(weights);
        both.putAll(Weights.peaked(Shapes.of(head, all), 0, seed));
        return new RandomModel(family, all, both);
    }

    /**
     * A model of three layers of 48 columns: odd numbers of heads, windows shorter than a text, a bias wherever the family may have one.
     *
     * @param changes what its config has otherwise, such as {@code model_type: roberta}
     */
    public static RandomModel small(String family, Map<String, ?> changes, long seed) throws IOException {
        var config = new LinkedHashMap<String, Object>(small(family));
        config.putAll(changes);
        return of(family, config, seed);
    }

    private static Map<String, Object> small(String family) {
        var config = new LinkedHashMap<String, Object>();
        switch (family) {
            case "distilbert" -> config.putAll(Map.of("dim", HIDDEN, "hidden_dim", UNITS, "n_layers", 3, "n_heads", 3));
            case "nomic_bert" -> {
                config.putAll(
                        Map.of("n_embd", HIDDEN, "n_inner", UNITS, "n_layer", 3, "n_head", 3, "n_positions", 256));
                config.putAll(Map.of("qkv_proj_bias", true, "mlp_fc1_bias", true, "mlp_fc2_bias", true));
                config.putAll(Map.of("prenorm", false, "rotary_emb_fraction", 1.0, "rotary_emb_interleaved", false));
                config.putAll(Map.of("activation_function", "swiglu", "layer_norm_epsilon", 1e-12));
                config.putAll(Map.of("rotary_emb_base", 1000, "type_vocab_size", 2));
            }
            case "t5" -> {
                config.putAll(Map.of("d_model", HIDDEN, "d_ff", UNITS, "num_layers", 3, "num_heads", 3, "d_kv", 24));
                config.putAll(Map.of("relative_attention_num_buckets", 32, "relative_attention_max_distance", 64));
                config.putAll(Map.of("feed_forward_proj", "relu", "layer_norm_epsilon", 1e-6));
            }
            default -> {
                config.putAll(Map.of("hidden_size", HIDDEN, "intermediate_size", UNITS));
                config.putAll(Map.of("num_hidden_layers", 3, "num_attention_heads", 3));
            }
        }
        config.put("vocab_size", WORDS);
        config.put("max_position_embeddings", 128);
        config.put("hidden_act", "gelu");
        switch (family) {
            case "modernbert" -> {
                config.putAll(Map.of("local_attention", 8, "global_attn_every_n_layers", 3, "norm_eps", 1e-5));
                config.putAll(Map.of("global_rope_theta", 160000.0, "local_rope_theta", 10000.0));
                config.putAll(Map.of("attention_bias", true, "mlp_bias", true, "norm_bias", true));
                config.putAll(Map.of("hidden_activation", "gelu", "pad_token_id", 0));
            }
            case "mpnet" -> config.putAll(Map.of("relative_attention_num_buckets", 32, "layer_norm_eps", 1e-5));
            case "t5" -> config.keySet().removeAll(List.of("hidden_act", "max_position_embeddings"));
            case "deberta_v2" -> {
                config.putAll(Map.of("relative_attention", true, "position_buckets", 8, "norm_rel_ebd", "layer_norm"));
                config.putAll(Map.of("share_att_key", true, "pos_att_type", "p2c|c2p", "max_relative_positions", -1));
                config.putAll(Map.of("position_biased_input", false, "type_vocab_size", 0, "layer_norm_eps", 1e-7));
            }
            case "jina_bert" -> config.putAll(Map.of("position_embedding_type", "alibi", "type_vocab_size", 2));
            case "new" -> {
                config.putAll(Map.of("position_embedding_type", "rope", "rope_theta", 10000.0, "type_vocab_size", 2));
                config.putAll(Map.of("rope_scaling", Map.of("type", "ntk", "factor", 2.0)));
                config.putAll(Map.of("layer_norm_type", "layer_norm", "layer_norm_eps", 1e-12, "hidden_act", "gelu"));
                config.putAll(Map.of("pack_qkv", true));
            }
            case "eurobert" -> {
                config.putAll(Map.of("num_attention_heads", 6, "num_key_value_heads", 2, "hidden_act", "silu"));
                config.putAll(Map.of("attention_bias", true, "mlp_bias", true, "rms_norm_eps", 1e-5));
                config.putAll(Map.of("rope_theta", 250000));
            }
            case "gemma3" -> {
                config.putAll(Map.of("num_attention_heads", 3, "num_key_value_heads", 1, "head_dim", 24));
                config.putAll(Map.of("query_pre_attn_scalar", 20, "rms_norm_eps", 1e-6, "rope_theta", 1000000.0));
                config.putAll(
                        Map.of("rope_local_base_freq", 10000.0, "sliding_window", 8, "sliding_window_pattern", 3));
                config.putAll(Map.of("hidden_activation", "gelu_pytorch_tanh", "use_bidirectional_attention", true));
            }
            case "qwen2" -> {
                config.putAll(Map.of("num_attention_heads", 6, "num_key_value_heads", 2, "hidden_act", "silu"));
                config.putAll(Map.of("rms_norm_eps", 1e-6, "rope_theta", 1000000));
            }
            case "qwen3" -> {
                config.putAll(Map.of("num_attention_heads", 6, "num_key_value_heads", 2, "head_dim", 16));
                config.putAll(Map.of("attention_bias", true, "hidden_act", "silu", "rms_norm_eps", 1e-6));
                config.putAll(Map.of("rope_theta", 1000000));
            }
            case "wav2vec2" -> {
                config.putAll(Map.of("conv_dim", List.of(32, 24, 40), "conv_kernel", List.of(10, 3, 2)));
                config.putAll(Map.of("conv_stride", List.of(5, 2, 2), "conv_bias", true));
                config.putAll(Map.of("num_conv_pos_embeddings", 16, "num_conv_pos_embedding_groups", 4));
                config.putAll(Map.of("feat_extract_norm", "group", "do_stable_layer_norm", false));
                config.put("num_feat_extract_layers", 3);
                config.remove("max_position_embeddings");
            }
            default -> {}
        }
        return config;
    }

    public Reference reference() throws IOException {
        return reference(family);
    }

    /** {@link Reference#inDoubles}. */
    public Reference referenceInDoubles() throws IOException {
        return Reference.inDoubles(family, config, weights);
    }

    /** A head in libtorch, which reads what the model gives. */
    public Reference reference(String head) throws IOException {
        return Reference.of(head, config, weights);
    }

    /** DeBERTa's pooler, too. */
    private boolean isBeside(String name) {
        return HEAD.matcher(name).matches() || family.equals("deberta_v2") && name.startsWith("pooler.");
    }

    /**
     * Writes config.json and model.safetensors.
     *
     * @param prefix before the names of all tensors, such as {@code bert.}, or nothing
     */
    public void write(Path folder, String prefix) throws IOException {
        Files.createDirectories(folder);
        JsonMapper json = JsonMapper.builder().build();
        Files.write(folder.resolve("config.json"), json.writeValueAsBytes(config));
        var header = new LinkedHashMap<String, Object>();
        long end = 0;
        for (var entry : weights.entrySet()) {
            long from = end;
            end += 4L * entry.getValue().values().length;
            long[] shape = entry.getValue().shape();
            header.put(
                    (isBeside(entry.getKey()) ? "" : prefix) + entry.getKey(),
                    Map.of(
                            "dtype",
                            "F32",
                            "shape",
                            Arrays.stream(shape).boxed().toList(),
                            "data_offsets",
                            List.of(from, end)));
        }
        String text = json.writeValueAsString(header);
        byte[] bytes = (text + " ".repeat(-text.length() & 7)).getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(folder.resolve("model.safetensors")))) {
            out.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(bytes.length)
                    .array());
            out.write(bytes);
            for (Array array : weights.values()) {
                ByteBuffer values =
                        ByteBuffer.allocate(4 * array.values().length).order(ByteOrder.LITTLE_ENDIAN);
                values.asFloatBuffer().put(array.values());
                out.write(values.array());
            }
        }
    }
}
