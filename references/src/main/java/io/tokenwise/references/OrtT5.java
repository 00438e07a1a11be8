package io.tokenwise.references;

import java.util.function.BiConsumer;

/** T5's encoder as exporters write it: what each head adds to scores is a table of all pairs of places. */
final class OrtT5 {
    private final Config config;
    private final OrtLayers layers;
    private final BiConsumer<String, String> give;
    private final int heads;
    private final double epsilon;

    /** @param give makes an output of a part's value */
    OrtT5(Config config, OrtLayers layers, BiConsumer<String, String> give) {
        this.config = config;
        this.layers = layers;
        this.give = give;
        heads = config.integer("num_heads");
        epsilon = config.real("layer_norm_epsilon");
    }

    /**
     * @param tokens of the batch's texts
     * @param most tokens that a text may have
     */
    void encoder(String ids, String tokens, int most, String padding) {
        String bias = layers.add(padding, bias(tokens, most));
        String x = layers.lookUp("shared", ids);
        give.accept("embeddings", x);
        for (int i = 0; i < config.integer("num_layers"); i++) {
            String at = "encoder.block." + i + ".layer.";
            x = layers.add(x, attention(at + "0.SelfAttention.", norm(at + "0.layer_norm", x), bias));
            x = layers.add(x, mlp(at + "1.DenseReluDense.", norm(at + "1.layer_norm", x)));
            give.accept("layer." + i, x);
        }
        give.accept("last", norm("encoder.final_layer_norm", x));
    }

    private String bias(String tokens, int most) {
        int buckets = config.integer("relative_attention_num_buckets");
        int farthest = config.integer("relative_attention_max_distance");
        float[] table = layers.array("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight")
                .values();
        return layers.bias(
                "buckets",
                heads,
                most,
                tokens,
                (head, query, key) -> table[bucket(key - query, buckets, farthest) * heads + head]);
    }

    /** Half of the buckets for either direction; half of those exact, the others grow up to the farthest distance. */
    static int bucket(int ahead, int buckets, int farthest) {
        int side = buckets / 2;
        int exact = side / 2;
        int far = Math.abs(ahead);
        float share = (float) Math.log(far / (float) exact) / (float) Math.log(farthest / (double) exact);
        int bucket = far < exact ? far : Math.min(side - 1, exact + (int) (share * (side - exact)));
        return ahead > 0 ? side + bucket : bucket;
    }

    private String norm(String name, String x) {
        return layers.rmsNorm(name, x, epsilon, 0);
    }

    private String attention(String at, String x, String bias) {
        int size = config.integer("d_kv");
        String q = layers.heads(layers.linear(at + "q", x), heads, size);
        String k = layers.heads(layers.linear(at + "k", x), heads, size);
        String v = layers.heads(layers.linear(at + "v", x), heads, size);
        return layers.linear(at + "o", layers.attend(q, k, v, 1, bias));
    }

    private String mlp(String at, String x) {
        String act = config.string("feed_forward_proj");
        if (!act.startsWith("gated")) {
            return layers.linear(at + "wo", layers.activate(layers.linear(at + "wi", x), act));
        }
        String gate = layers.activate(layers.linear(at + "wi_0", x), "gelu_new");
        return layers.linear(at + "wo", layers.multiply(gate, layers.linear(at + "wi_1", x)));
    }
}
