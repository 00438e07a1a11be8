package io.tokenwise.references;

import ai.onnx.proto.OnnxMl.ModelProto;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * The families as ONNX graphs, from the same sources as the programs but written apart from them: batches with padding, tables instead of
 * computed angles. Inputs are {@code input_ids}, {@code attention_mask} and {@code token_type_ids}, each {@code [batch, length]}, of speech
 * {@code input_values [batch, samples]}.
 */
final class OrtGraphs {
    /** Where config.json does not say how long texts may be. */
    private static final int MOST_TOKENS = 128;

    private final Config config;
    private final Graph graph;
    private final OrtLayers layers;
    private final boolean everyLayer;
    private String tokens;
    private String ids;
    private String types;
    private String padding;
    private int most;

    private OrtGraphs(Config config, Map<String, Array> weights, boolean int8, boolean everyLayer) {
        this.config = config;
        this.everyLayer = everyLayer;
        graph = new Graph(config.program());
        layers = new OrtLayers(graph, weights, int8);
    }

    /**
     * @param int8 whether products are of bytes
     * @param everyLayer whether outputs are {@code embeddings}, {@code layer.0} and so on, and {@code last}, or {@code last} alone; of a BERT with its masked-LM head also {@code logits}
     */
    static ModelProto of(RandomModel model, boolean int8, boolean everyLayer) throws IOException {
        var graphs = new OrtGraphs(Config.of(model.family(), model.config()), model.weights(), int8, everyLayer);
        if (model.family().equals("wav2vec2")) {
            new OrtSpeech(graphs.config, graphs.layers, graphs::give).wav2Vec2();
        } else {
            graphs.texts();
            switch (model.family()) {
                case "bert", "mpnet", "jina_bert" -> graphs.bert(model.family());
                case "deberta_v2" -> graphs.debertaV2();
                case "distilbert" -> graphs.distilBert();
                case "modernbert" -> graphs.modernBert();
                case "nomic_bert" -> graphs.nomicBert();
                case "new" -> graphs.gteNew();
                case "eurobert", "qwen2", "qwen3" -> graphs.llama();
                case "gemma3" -> graphs.gemma3();
                case "t5" ->
                    new OrtT5(graphs.config, graphs.layers, graphs::give)
                            .encoder(graphs.ids, graphs.tokens, graphs.most, graphs.padding);
                default -> throw new IllegalArgumentException("no graph for " + model.family());
            }
        }
        return graphs.graph.model();
    }

    private void texts() {
        ids = graph.input("input_ids", false, "batch", "length");
        padding = layers.padding(graph.input("attention_mask", false, "batch", "length"));
        types = graph.input("token_type_ids", false, "batch", "length");
        tokens = graph.op("Gather", graph.op("Shape", ids), graph.integers(1));
        most = config.given("max_position_embeddings", MOST_TOKENS);
    }

    private String give(String part, String value) {
        if (everyLayer || part.equals("last") || part.equals("logits")) {
            graph.output(part, value);
        }
        return value;
    }

    /** The row of each position in a table: {@code 0, 1, ..}, or as RoBERTa counts. */
    private String positions(boolean counted, int pad) {
        if (!counted) {
            var all = new long[most];
            for (int i = 0; i < most; i++) {
                all[i] = i;
            }
            return layers.first(graph.integers(all), tokens, 0);
        }
        // 7: int64
        String real = graph.op("Cast", Map.of("to", 7), graph.op("Not", graph.op("Equal", ids, graph.integers(pad))));
        String count = graph.op("Mul", graph.op("CumSum", real, graph.integers(1)), real);
        return graph.op("Add", count, graph.integers(pad));
    }

    private void bert(String family) {
        double epsilon = config.real("layer_norm_eps");
        int heads = config.integer("num_attention_heads");
        int size = config.integer("hidden_size") / heads;
        String act = config.string("hidden_act");
        boolean mpnet = family.equals("mpnet");
        String x = layers.lookUp("embeddings.word_embeddings", ids);
        if (!mpnet) {
            x = layers.add(x, layers.lookUp("embeddings.token_type_embeddings", types));
        }
        if (!family.equals("jina_bert")) {
            boolean counted = mpnet || !List.of("bert", "electra").contains(config.string("model_type"));
            String places = positions(counted, mpnet ? 1 : config.integer("pad_token_id"));
            x = layers.add(x, layers.lookUp("embeddings.position_embeddings", places));
        }
        x = give("embeddings", layers.norm("embeddings.LayerNorm", x, epsilon));
        String bias = switch (family) {
            case "mpnet" -> {
                float[] table =
                        layers.array("encoder.relative_attention_bias.weight").values();
                yield layers.add(
                        padding,
                        layers.bias(
                                "buckets",
                                heads,
                                most,
                                tokens,
                                (head, query, key) -> table[OrtT5.bucket(key - query, 32, 128) * heads + head]));
            }
            case "jina_bert" -> {
                double[] slopes = slopes(heads);
                yield layers.add(
                        padding,
                        layers.bias(
                                "alibi",
                                heads,
                                most,
                                tokens,
                                (head, query, key) -> -slopes[head] * Math.abs(key - query)));
            }
            default -> padding;
        };
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            List<String> names = mpnet
                    ? List.of("attn.q", "attn.k", "attn.v", "attn.o")
                    : List.of("self.query", "self.key", "self.value", "output.dense");
            String q = layers.heads(layers.linear(at + "attention." + names.get(0), x), heads, size);
            String k = layers.heads(layers.linear(at + "attention." + names.get(1), x), heads, size);
            String v = layers.heads(layers.linear(at + "attention." + names.get(2), x), heads, size);
            String attended =
                    layers.linear(at + "attention." + names.get(3), layers.attend(q, k, v, Math.sqrt(size), bias));
            x = layers.norm(
                    at + "attention." + (mpnet ? "LayerNorm" : "output.LayerNorm"), layers.add(attended, x), epsilon);
            if (family.equals("jina_bert")) {
                String[] halves = layers.split(layers.linear(at + "mlp.gated_layers", x), 2);
                String gate = layers.activate(halves[0], act);
                String y = layers.linear(at + "mlp.wo", layers.multiply(gate, halves[1]));
                x = layers.norm(at + "mlp.layernorm", layers.add(y, x), epsilon);
            } else {
                String units = layers.activate(layers.linear(at + "intermediate.dense", x), act);
                x = layers.norm(
                        at + "output.LayerNorm", layers.add(layers.linear(at + "output.dense", units), x), epsilon);
            }
            give("layer." + i, x);
        }
        give("last", x);
        if (layers.has("cls.predictions.bias")) {
            String at = "cls.predictions.transform.";
            String y = layers.norm(at + "LayerNorm", layers.activate(layers.linear(at + "dense", x), act), epsilon);
            String words = graph.op("Transpose", layers.weight("embeddings.word_embeddings.weight"));
            give("logits", layers.add(graph.op("MatMul", y, words), layers.weight("cls.predictions.bias")));
        }
    }

    static double[] slopes(int heads) {
        int power = Integer.highestOneBit(heads);
        var slopes = new double[heads];
        for (int i = 0; i < heads; i++) {
            // 2^(-8 / power) to the power of 1, 2, ..; what is missing from every second of twice as many.
            slopes[i] =
                    i < power ? Math.pow(2, -8. / power * (i + 1)) : Math.pow(2, -4. / power * (2 * (i - power) + 1));
        }
        return slopes;
    }

    private void debertaV2() {
        double epsilon = config.real("layer_norm_eps");
        String act = config.string("hidden_act");
        String x = layers.lookUp("embeddings.word_embeddings", ids);
        if (config.flag("position_biased_input")) {
            x = layers.add(x, layers.lookUp("embeddings.position_embeddings", positions(false, 0)));
        }
        if (config.integer("type_vocab_size") > 0) {
            x = layers.add(x, layers.lookUp("embeddings.token_type_embeddings", types));
        }
        x = give("embeddings", layers.norm("embeddings.LayerNorm", x, epsilon));
        var attention = new OrtDeberta(config, layers, tokens);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            String attended =
                    layers.linear(at + "attention.output.dense", attention.attend(at + "attention.self.", x, padding));
            x = layers.norm(at + "attention.output.LayerNorm", layers.add(attended, x), epsilon);
            String units = layers.activate(layers.linear(at + "intermediate.dense", x), act);
            x = layers.norm(at + "output.LayerNorm", layers.add(layers.linear(at + "output.dense", units), x), epsilon);
            give("layer." + i, x);
        }
        give("last", x);
    }

    private void distilBert() {
        int heads = config.integer("n_heads");
        int size = config.integer("dim") / heads;
        String places = layers.lookUp("embeddings.position_embeddings", positions(false, 0));
        String x = layers.norm(
                "embeddings.LayerNorm", layers.add(layers.lookUp("embeddings.word_embeddings", ids), places), 1e-12);
        give("embeddings", x);
        for (int i = 0; i < config.integer("n_layers"); i++) {
            String at = "transformer.layer." + i + ".";
            String q = layers.heads(layers.linear(at + "attention.q_lin", x), heads, size);
            String k = layers.heads(layers.linear(at + "attention.k_lin", x), heads, size);
            String v = layers.heads(layers.linear(at + "attention.v_lin", x), heads, size);
            String attended = layers.linear(at + "attention.out_lin", layers.attend(q, k, v, Math.sqrt(size), padding));
            x = layers.norm(at + "sa_layer_norm", layers.add(attended, x), 1e-12);
            String units = layers.activate(layers.linear(at + "ffn.lin1", x), config.string("activation"));
            x = layers.norm(at + "output_layer_norm", layers.add(layers.linear(at + "ffn.lin2", units), x), 1e-12);
            give("layer." + i, x);
        }
        give("last", x);
    }

    /** Attention with Q, K and V stacked in one tensor, each turned by {@code frequencies}. */
    private String fused(
            String name, String x, int hidden, int heads, String table, double[] frequencies, String bias) {
        int size = hidden / heads;
        String[] qkv = layers.split(layers.linear(name, x), 3);
        String q = layers.heads(qkv[0], heads, size);
        String k = layers.heads(qkv[1], heads, size);
        String v = layers.heads(qkv[2], heads, size);
        q = layers.rotate(q, table, frequencies, most, tokens);
        k = layers.rotate(k, table, frequencies, most, tokens);
        return layers.attend(q, k, v, Math.sqrt(size), bias);
    }

    private void modernBert() {
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        int reach = config.integer("local_attention") / 2;
        double epsilon = config.real("norm_eps");
        String x = layers.norm("embeddings.norm", layers.lookUp("embeddings.tok_embeddings", ids), epsilon);
        give("embeddings", x);
        String local = layers.add(padding, layers.window(reach, reach, most, tokens));
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "layers." + i + ".";
            boolean global = i % config.integer("global_attn_every_n_layers") == 0;
            String table = global ? "global" : "local";
            double[] frequencies = OrtLayers.frequencies(hidden / heads, config.real(table + "_rope_theta"));
            String normed = i == 0 ? x : layers.norm(at + "attn_norm", x, epsilon);
            String context =
                    fused(at + "attn.Wqkv", normed, hidden, heads, table, frequencies, global ? padding : local);
            x = layers.add(x, layers.linear(at + "attn.Wo", context));
            normed = layers.norm(at + "mlp_norm", x, epsilon);
            String[] halves = layers.split(layers.linear(at + "mlp.Wi", normed), 2);
            String act = layers.activate(halves[0], config.string("hidden_activation"));
            x = layers.add(x, layers.linear(at + "mlp.Wo", layers.multiply(act, halves[1])));
            give("layer." + i, x);
        }
        give("last", layers.norm("final_norm", x, epsilon));
    }

    private void nomicBert() {
        int hidden = config.integer("n_embd");
        int heads = config.integer("n_head");
        double epsilon = config.real("layer_norm_epsilon");
        String act = config.string("activation_function");
        double[] frequencies = OrtLayers.frequencies(hidden / heads, config.real("rotary_emb_base"));
        String types = layers.lookUp("embeddings.token_type_embeddings", this.types);
        String x = layers.norm("emb_ln", layers.add(layers.lookUp("embeddings.word_embeddings", ids), types), epsilon);
        give("embeddings", x);
        for (int i = 0; i < config.integer("n_layer"); i++) {
            String at = "encoder.layers." + i + ".";
            String context = fused(at + "attn.Wqkv", x, hidden, heads, "rotary", frequencies, padding);
            x = layers.norm(at + "norm1", layers.add(x, layers.linear(at + "attn.out_proj", context)), epsilon);
            String units;
            if (act.equals("gelu")) {
                units = layers.activate(layers.linear(at + "mlp.fc1", x), act);
            } else {
                String gate = layers.activate(layers.linear(at + "mlp.fc12", x), act);
                units = layers.multiply(layers.linear(at + "mlp.fc11", x), gate);
            }
            x = layers.norm(at + "norm2", layers.add(x, layers.linear(at + "mlp.fc2", units)), epsilon);
            give("layer." + i, x);
        }
        give("last", x);
    }

    private void gteNew() {
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        double epsilon = config.real("layer_norm_eps");
        double factor = config.real("rope_scaling_factor");
        double[] frequencies = OrtLayers.frequencies(hidden / heads, config.real("rope_theta") * factor);
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] /= Math.pow(factor, 2. * heads / hidden);
        }
        String x = layers.lookUp("embeddings.word_embeddings", ids);
        if (config.integer("type_vocab_size") > 0) {
            x = layers.add(x, layers.lookUp("embeddings.token_type_embeddings", types));
        }
        x = give("embeddings", layers.norm("embeddings.LayerNorm", x, epsilon));
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layer." + i + ".";
            String context = fused(at + "attention.qkv_proj", x, hidden, heads, "rotary", frequencies, padding);
            x = layers.norm(at + "attn_ln", layers.add(layers.linear(at + "attention.o_proj", context), x), epsilon);
            String[] halves = layers.split(layers.linear(at + "mlp.up_gate_proj", x), 2);
            String gate = layers.activate(halves[1], config.string("hidden_act"));
            x = layers.norm(
                    at + "mlp_ln",
                    layers.add(layers.linear(at + "mlp.down_proj", layers.multiply(gate, halves[0])), x),
                    epsilon);
            give("layer." + i, x);
        }
        give("last", x);
    }

    private void llama() {
        boolean causal = !config.program().equals("eurobert")
                && config.flag("is_causal")
                && !config.flag("use_bidirectional_attention");
        double epsilon = config.real("rms_norm_eps");
        String bias = causal ? layers.add(padding, layers.window(-1, 0, most, tokens)) : padding;
        String x = give("embeddings", layers.lookUp("embed_tokens", ids));
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "layers." + i + ".";
            String normed = layers.rmsNorm(at + "input_layernorm", x, epsilon, 0);
            x = layers.add(
                    x, llamaAttention(at + "self_attn.", normed, 0, "rotary", config.real("rope_theta"), 0, bias));
            normed = layers.rmsNorm(at + "post_attention_layernorm", x, epsilon, 0);
            x = layers.add(x, llamaMlp(at + "mlp.", normed, config.string("hidden_act")));
            give("layer." + i, x);
        }
        give("last", layers.rmsNorm("norm", x, epsilon, 0));
    }

    /** @param divisor of scores, or 0 for the square root of a head's columns */
    private String llamaAttention(
            String at, String x, double shift, String table, double base, double divisor, String bias) {
        int heads = config.integer("num_attention_heads");
        int size = config.given("head_dim", config.integer("hidden_size") / heads);
        int keyHeads = config.given("num_key_value_heads", heads);
        double epsilon = config.real("rms_norm_eps");
        String q = layers.heads(layers.linear(at + "q_proj", x), heads, size);
        String k = layers.heads(layers.linear(at + "k_proj", x), keyHeads, size);
        String v = layers.heads(layers.linear(at + "v_proj", x), keyHeads, size);
        if (layers.has(at + "q_norm.weight")) {
            q = layers.rmsNorm(at + "q_norm", q, epsilon, shift);
            k = layers.rmsNorm(at + "k_norm", k, epsilon, shift);
        }
        double[] frequencies = OrtLayers.frequencies(size, base);
        q = layers.rotate(q, table, frequencies, most, tokens);
        k = layers.repeated(layers.rotate(k, table, frequencies, most, tokens), keyHeads, heads);
        v = layers.repeated(v, keyHeads, heads);
        return layers.linear(at + "o_proj", layers.attend(q, k, v, divisor == 0 ? Math.sqrt(size) : divisor, bias));
    }

    private String llamaMlp(String at, String x, String act) {
        String gate = layers.activate(layers.linear(at + "gate_proj", x), act);
        return layers.linear(at + "down_proj", layers.multiply(gate, layers.linear(at + "up_proj", x)));
    }

    private void gemma3() {
        double epsilon = config.real("rms_norm_eps");
        double divisor = Math.sqrt(config.real("query_pre_attn_scalar"));
        boolean halved = config.flag("use_bidirectional_attention");
        boolean both = halved || !config.flag("is_causal");
        int window = config.integer("sliding_window");
        int reach = halved ? window / 2 : window;
        String near = layers.window(both ? reach : window - 1, both ? reach : 0, most, tokens);
        String local = layers.add(padding, near);
        String global = both ? padding : layers.add(padding, layers.window(-1, 0, most, tokens));
        String scale = graph.scalar(Math.sqrt(config.integer("hidden_size")));
        String x = give("embeddings", layers.multiply(layers.lookUp("embed_tokens", ids), scale));
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "layers." + i + ".";
            boolean slides = (i + 1) % config.integer("sliding_window_pattern") != 0;
            String normed = layers.rmsNorm(at + "input_layernorm", x, epsilon, 1);
            String attended = slides
                    ? llamaAttention(
                            at + "self_attn.", normed, 1, "local", config.real("rope_local_base_freq"), divisor, local)
                    : llamaAttention(
                            at + "self_attn.", normed, 1, "global", config.real("rope_theta"), divisor, global);
            x = layers.add(x, layers.rmsNorm(at + "post_attention_layernorm", attended, epsilon, 1));
            normed = layers.rmsNorm(at + "pre_feedforward_layernorm", x, epsilon, 1);
            String y = llamaMlp(at + "mlp.", normed, config.string("hidden_activation"));
            x = layers.add(x, layers.rmsNorm(at + "post_feedforward_layernorm", y, epsilon, 1));
            give("layer." + i, x);
        }
        give("last", layers.rmsNorm("norm", x, epsilon, 1));
    }
}
