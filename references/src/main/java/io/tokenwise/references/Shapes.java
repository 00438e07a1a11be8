package io.tokenwise.references;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The tensors of each family, by Hugging Face's names, from the same sources as the programs. */
public final class Shapes {
    private final Map<String, long[]> all = new LinkedHashMap<>();
    private final Config config;

    private Shapes(Config config) {
        this.config = config;
    }

    /**
     * @param program a family or a head, as {@link Reference#of} wants it
     * @param values as config.json has them
     */
    public static Map<String, long[]> of(String program, Map<String, ?> values) throws IOException {
        var shapes = new Shapes(Config.of(program, values));
        switch (program) {
            case "bert" -> shapes.bert();
            case "distilbert" -> shapes.distilBert();
            case "modernbert" -> shapes.modernBert();
            case "nomic_bert" -> shapes.nomicBert();
            case "mpnet" -> shapes.mpNet();
            case "t5" -> shapes.t5();
            case "deberta_v2" -> shapes.debertaV2();
            case "jina_bert" -> shapes.jinaBert();
            case "new" -> shapes.gteNew();
            case "eurobert" -> shapes.llama(false, false);
            case "qwen2" -> shapes.llama(false, false);
            case "qwen3" -> shapes.llama(true, false);
            case "gemma3" -> shapes.llama(true, true);
            case "wav2vec2" -> shapes.wav2Vec2();
            case "classifiers" -> shapes.classifiers();
            case "masked" -> shapes.masked();
            case "colbert" -> shapes.matrix("linear", shapes.config.integer("dim"), shapes.width());
            case "m3" -> {
                shapes.linear("sparse_linear", 1, shapes.width(), true);
                shapes.linear("colbert_linear", shapes.config.integer("dim"), shapes.width(), true);
            }
            case "sentence" -> shapes.sentence();
            case "answer" -> {
                if (!shapes.config.flag("tie_word_embeddings")) {
                    shapes.matrix("lm_head", shapes.config.integer("vocab_size"), shapes.width());
                }
            }
            case "splade" -> {}
            default -> throw new IllegalArgumentException("no shapes for " + program);
        }
        return shapes.all;
    }

    private void matrix(String name, int rows, int columns) {
        all.put(name + ".weight", new long[] {rows, columns});
    }

    private void vector(String name, int size) {
        all.put(name, new long[] {size});
    }

    private void linear(String name, int outputs, int inputs, boolean bias) {
        matrix(name, outputs, inputs);
        if (bias) {
            vector(name + ".bias", outputs);
        }
    }

    private void norm(String name, int size, boolean bias) {
        vector(name + ".weight", size);
        if (bias) {
            vector(name + ".bias", size);
        }
    }

    private void bert() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        matrix("embeddings.position_embeddings", config.integer("max_position_embeddings"), hidden);
        matrix("embeddings.token_type_embeddings", config.integer("type_vocab_size"), hidden);
        norm("embeddings.LayerNorm", hidden, true);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            for (String part : List.of("self.query", "self.key", "self.value", "output.dense")) {
                linear(at + "attention." + part, hidden, hidden, true);
            }
            norm(at + "attention.output.LayerNorm", hidden, true);
            linear(at + "intermediate.dense", units, hidden, true);
            linear(at + "output.dense", hidden, units, true);
            norm(at + "output.LayerNorm", hidden, true);
        }
    }

    private void distilBert() {
        int hidden = config.integer("dim");
        int units = config.integer("hidden_dim");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        matrix("embeddings.position_embeddings", config.integer("max_position_embeddings"), hidden);
        norm("embeddings.LayerNorm", hidden, true);
        for (int i = 0; i < config.integer("n_layers"); i++) {
            String at = "transformer.layer." + i + ".";
            for (String part : List.of("q_lin", "k_lin", "v_lin", "out_lin")) {
                linear(at + "attention." + part, hidden, hidden, true);
            }
            norm(at + "sa_layer_norm", hidden, true);
            linear(at + "ffn.lin1", units, hidden, true);
            linear(at + "ffn.lin2", hidden, units, true);
            norm(at + "output_layer_norm", hidden, true);
        }
    }

    private void modernBert() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        boolean normBias = config.flag("norm_bias");
        matrix("embeddings.tok_embeddings", config.integer("vocab_size"), hidden);
        norm("embeddings.norm", hidden, normBias);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "layers." + i + ".";
            if (i > 0) {
                norm(at + "attn_norm", hidden, normBias);
            }
            linear(at + "attn.Wqkv", 3 * hidden, hidden, config.flag("attention_bias"));
            linear(at + "attn.Wo", hidden, hidden, config.flag("attention_bias"));
            norm(at + "mlp_norm", hidden, normBias);
            linear(at + "mlp.Wi", 2 * units, hidden, config.flag("mlp_bias"));
            linear(at + "mlp.Wo", hidden, units, config.flag("mlp_bias"));
        }
        norm("final_norm", hidden, normBias);
    }

    private void nomicBert() {
        int hidden = config.integer("n_embd");
        int units = config.integer("n_inner");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        matrix("embeddings.token_type_embeddings", config.integer("type_vocab_size"), hidden);
        norm("emb_ln", hidden, true);
        List<String> ups =
                config.string("activation_function").equals("gelu") ? List.of("fc1") : List.of("fc11", "fc12");
        for (int i = 0; i < config.integer("n_layer"); i++) {
            String at = "encoder.layers." + i + ".";
            linear(at + "attn.Wqkv", 3 * hidden, hidden, config.flag("qkv_proj_bias"));
            linear(at + "attn.out_proj", hidden, hidden, config.flag("qkv_proj_bias"));
            norm(at + "norm1", hidden, true);
            for (String up : ups) {
                linear(at + "mlp." + up, units, hidden, config.flag("mlp_fc1_bias"));
            }
            linear(at + "mlp.fc2", hidden, units, config.flag("mlp_fc2_bias"));
            norm(at + "norm2", hidden, true);
        }
    }

    private void mpNet() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        matrix("embeddings.position_embeddings", config.integer("max_position_embeddings"), hidden);
        norm("embeddings.LayerNorm", hidden, true);
        matrix("encoder.relative_attention_bias", 32, config.integer("num_attention_heads"));
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            for (String part : List.of("q", "k", "v", "o")) {
                linear(at + "attention.attn." + part, hidden, hidden, true);
            }
            norm(at + "attention.LayerNorm", hidden, true);
            linear(at + "intermediate.dense", units, hidden, true);
            linear(at + "output.dense", hidden, units, true);
            norm(at + "output.LayerNorm", hidden, true);
        }
    }

    private void t5() {
        int hidden = config.integer("d_model");
        int heads = config.integer("num_heads");
        int width = heads * config.integer("d_kv");
        int units = config.integer("d_ff");
        matrix("shared", config.integer("vocab_size"), hidden);
        for (int i = 0; i < config.integer("num_layers"); i++) {
            String at = "encoder.block." + i + ".layer.";
            for (String part : List.of("q", "k", "v")) {
                matrix(at + "0.SelfAttention." + part, width, hidden);
            }
            matrix(at + "0.SelfAttention.o", hidden, width);
            if (i == 0) {
                matrix(at + "0.SelfAttention.relative_attention_bias", buckets(), heads);
            }
            norm(at + "0.layer_norm", hidden, false);
            List<String> ups =
                    config.string("feed_forward_proj").startsWith("gated") ? List.of("wi_0", "wi_1") : List.of("wi");
            for (String up : ups) {
                matrix(at + "1.DenseReluDense." + up, units, hidden);
            }
            matrix(at + "1.DenseReluDense.wo", hidden, units);
            norm(at + "1.layer_norm", hidden, false);
        }
        norm("encoder.final_layer_norm", hidden, false);
    }

    private int buckets() {
        return config.integer("relative_attention_num_buckets");
    }

    private void debertaV2() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        if (config.flag("position_biased_input")) {
            matrix("embeddings.position_embeddings", config.integer("max_position_embeddings"), hidden);
        }
        if (config.integer("type_vocab_size") > 0) {
            matrix("embeddings.token_type_embeddings", config.integer("type_vocab_size"), hidden);
        }
        norm("embeddings.LayerNorm", hidden, true);
        matrix("encoder.rel_embeddings", 2 * config.integer("position_buckets"), hidden);
        norm("encoder.LayerNorm", hidden, true);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            for (String part : List.of("self.query_proj", "self.key_proj", "self.value_proj", "output.dense")) {
                linear(at + "attention." + part, hidden, hidden, true);
            }
            norm(at + "attention.output.LayerNorm", hidden, true);
            linear(at + "intermediate.dense", units, hidden, true);
            linear(at + "output.dense", hidden, units, true);
            norm(at + "output.LayerNorm", hidden, true);
        }
    }

    private void jinaBert() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        matrix("embeddings.token_type_embeddings", config.integer("type_vocab_size"), hidden);
        norm("embeddings.LayerNorm", hidden, true);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            for (String part : List.of("self.query", "self.key", "self.value", "output.dense")) {
                linear(at + "attention." + part, hidden, hidden, true);
            }
            norm(at + "attention.output.LayerNorm", hidden, true);
            linear(at + "mlp.gated_layers", 2 * units, hidden, false);
            linear(at + "mlp.wo", hidden, units, true);
            norm(at + "mlp.layernorm", hidden, true);
        }
    }

    private void gteNew() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        matrix("embeddings.word_embeddings", config.integer("vocab_size"), hidden);
        if (config.integer("type_vocab_size") > 0) {
            matrix("embeddings.token_type_embeddings", config.integer("type_vocab_size"), hidden);
        }
        norm("embeddings.LayerNorm", hidden, true);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            linear(at + "attention.qkv_proj", 3 * hidden, hidden, true);
            linear(at + "attention.o_proj", hidden, hidden, true);
            norm(at + "attn_ln", hidden, true);
            linear(at + "mlp.up_gate_proj", 2 * units, hidden, false);
            linear(at + "mlp.down_proj", hidden, units, true);
            norm(at + "mlp_ln", hidden, true);
        }
    }

    private void llama(boolean headNorms, boolean normsAround) {
        int hidden = config.integer("hidden_size");
        matrix("embed_tokens", config.integer("vocab_size"), hidden);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "layers." + i + ".";
            norm(at + "input_layernorm", hidden, false);
            llamaAttention(at + "self_attn.", hidden);
            if (headNorms) {
                norm(at + "self_attn.q_norm", config.integer("head_dim"), false);
                norm(at + "self_attn.k_norm", config.integer("head_dim"), false);
            }
            norm(at + "post_attention_layernorm", hidden, false);
            if (normsAround) {
                norm(at + "pre_feedforward_layernorm", hidden, false);
                norm(at + "post_feedforward_layernorm", hidden, false);
            }
            llamaMlp(at + "mlp.", hidden);
        }
        norm("norm", hidden, false);
    }

    private void llamaAttention(String at, int hidden) {
        int heads = config.integer("num_attention_heads");
        int size = config.given("head_dim", hidden / heads);
        int keys = config.given("num_key_value_heads", heads) * size;
        boolean always = config.program().equals("qwen2");
        boolean bias = always || config.flag("attention_bias");
        linear(at + "q_proj", heads * size, hidden, bias);
        linear(at + "k_proj", keys, hidden, bias);
        linear(at + "v_proj", keys, hidden, bias);
        linear(at + "o_proj", hidden, heads * size, bias && !always);
    }

    private void llamaMlp(String at, int hidden) {
        int units = config.integer("intermediate_size");
        boolean bias = config.flag("mlp_bias");
        linear(at + "gate_proj", units, hidden, bias);
        linear(at + "up_proj", units, hidden, bias);
        linear(at + "down_proj", hidden, units, bias);
    }

    private void wav2Vec2() {
        int hidden = config.integer("hidden_size");
        int units = config.integer("intermediate_size");
        List<Integer> channels = config.integers("conv_dim");
        List<Integer> kernels = config.integers("conv_kernel");
        boolean layered = config.string("feat_extract_norm").equals("layer");
        int inputs = 1;
        for (int i = 0; i < channels.size(); i++) {
            String at = "feature_extractor.conv_layers." + i + ".";
            all.put(at + "conv.weight", new long[] {channels.get(i), inputs, kernels.get(i)});
            if (config.flag("conv_bias")) {
                vector(at + "conv.bias", channels.get(i));
            }
            if (layered || i == 0) {
                norm(at + "layer_norm", channels.get(i), true);
            }
            inputs = channels.get(i);
        }
        if (config.flag("feat_proj_layer_norm")) {
            norm("feature_projection.layer_norm", inputs, true);
        }
        linear("feature_projection.projection", hidden, inputs, true);
        int kernel = config.integer("num_conv_pos_embeddings");
        String places = "encoder.pos_conv_embed.conv.";
        vector(places + "bias", hidden);
        all.put(places + "weight_g", new long[] {1, 1, kernel});
        all.put(
                places + "weight_v",
                new long[] {hidden, hidden / config.integer("num_conv_pos_embedding_groups"), kernel});
        norm("encoder.layer_norm", hidden, true);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layers." + i + ".";
            for (String part : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                linear(at + "attention." + part, hidden, hidden, true);
            }
            norm(at + "layer_norm", hidden, true);
            linear(at + "feed_forward.intermediate_dense", units, hidden, true);
            linear(at + "feed_forward.output_dense", hidden, units, true);
            norm(at + "final_layer_norm", hidden, true);
        }
        if (config.has("vocab_size")) {
            linear("lm_head", config.integer("vocab_size"), hidden, true);
        }
    }

    private int width() {
        if (config.has("d_model")) {
            return config.integer("d_model");
        }
        return config.integer(config.has("dim") && !config.has("hidden_size") ? "dim" : "hidden_size");
    }

    private void classifiers() {
        int hidden = width();
        int labels = config.integer("num_labels");
        boolean tokens = config.flag("tokens");
        switch (config.string("model_type")) {
            case "roberta", "xlm-roberta", "camembert", "mpnet", "electra" -> {
                if (tokens) {
                    linear("classifier", labels, hidden, true);
                } else {
                    linear("classifier.dense", hidden, hidden, true);
                    linear("classifier.out_proj", labels, hidden, true);
                }
            }
            case "distilbert" -> {
                if (!tokens) {
                    linear("pre_classifier", hidden, hidden, true);
                }
                linear("classifier", labels, hidden, true);
            }
            case "modernbert" -> {
                linear("head.dense", hidden, hidden, config.flag("classifier_bias"));
                norm("head.norm", hidden, config.flag("norm_bias"));
                linear("classifier", labels, hidden, true);
            }
            case "qwen2", "qwen3", "gemma3_text" -> linear("score", labels, hidden, tokens);
            default -> {
                if (!tokens) {
                    linear("pooler.dense", hidden, hidden, true);
                }
                linear("classifier", labels, hidden, true);
            }
        }
    }

    /** Widths of dense layers after pooling; every other one has no bias. */
    private void sentence() {
        int inputs = width();
        List<Integer> widths = config.integers("dense_widths");
        for (int i = 0; i < widths.size(); i++) {
            if (widths.get(i) > 0) {
                linear((i + 2) + "_Dense/linear", widths.get(i), inputs, i % 2 == 0);
                inputs = widths.get(i);
            }
        }
    }

    private void masked() {
        int hidden = width();
        int words = config.integer("vocab_size");
        String table = switch (config.string("model_type")) {
            case "roberta", "xlm-roberta", "camembert", "mpnet" -> {
                linear("lm_head.dense", hidden, hidden, true);
                norm("lm_head.layer_norm", hidden, true);
                vector("lm_head.bias", words);
                yield "lm_head.decoder";
            }
            case "new" -> {
                linear("lm_head.dense", hidden, hidden, true);
                norm("lm_head.norm", hidden, true);
                vector("lm_head.decoder.bias", words);
                yield "lm_head.decoder";
            }
            case "distilbert" -> {
                linear("vocab_transform", hidden, hidden, true);
                norm("vocab_layer_norm", hidden, true);
                vector("vocab_projector.bias", words);
                yield "vocab_projector";
            }
            case "modernbert" -> {
                linear("head.dense", hidden, hidden, config.flag("classifier_bias"));
                norm("head.norm", hidden, config.flag("norm_bias"));
                vector("decoder.bias", words);
                yield "decoder";
            }
            default -> {
                linear("cls.predictions.transform.dense", hidden, hidden, true);
                norm("cls.predictions.transform.LayerNorm", hidden, true);
                vector("cls.predictions.bias", words);
                yield "cls.predictions.decoder";
            }
        };
        if (!config.flag("tie_word_embeddings")) {
            matrix(table, words, hidden);
        }
    }
}
