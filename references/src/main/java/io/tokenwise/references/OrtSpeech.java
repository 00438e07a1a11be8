package io.tokenwise.references;

import java.util.List;
import java.util.Map;

/** wav2vec 2.0 as an ONNX graph; recordings of a batch have one length. */
final class OrtSpeech {
    private final Config config;
    private final OrtLayers layers;
    private final Graph graph;
    private final Outputs outputs;

    /** Makes a value the output of a name. */
    interface Outputs {
        /** {@return the value} */
        String give(String part, String value);
    }

    OrtSpeech(Config config, OrtLayers layers, Outputs outputs) {
        this.config = config;
        this.layers = layers;
        this.graph = layers.graph;
        this.outputs = outputs;
    }

    void wav2Vec2() {
        boolean stable = config.flag("do_stable_layer_norm");
        double epsilon = config.real("layer_norm_eps");
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        String x = outputs.give("features", turned(features(graph.input("input_values", true, "batch", "samples"))));
        if (config.flag("feat_proj_layer_norm")) {
            x = layers.norm("feature_projection.layer_norm", x, epsilon);
        }
        x = layers.linear("feature_projection.projection", x);
        x = layers.add(x, turned(places(turned(x), hidden)));
        if (!stable) {
            x = layers.norm("encoder.layer_norm", x, epsilon);
        }
        outputs.give("embeddings", x);
        for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
            String at = "encoder.layers." + i + ".";
            String normed = stable ? layers.norm(at + "layer_norm", x, epsilon) : x;
            String q = layers.heads(layers.linear(at + "attention.q_proj", normed), heads, hidden / heads);
            String k = layers.heads(layers.linear(at + "attention.k_proj", normed), heads, hidden / heads);
            String v = layers.heads(layers.linear(at + "attention.v_proj", normed), heads, hidden / heads);
            String context = layers.attend(q, k, v, Math.sqrt((double) hidden / heads), graph.scalar(0));
            x = layers.add(x, layers.linear(at + "attention.out_proj", context));
            x = stable ? x : layers.norm(at + "layer_norm", x, epsilon);
            normed = stable ? layers.norm(at + "final_layer_norm", x, epsilon) : x;
            String units = layers.activate(
                    layers.linear(at + "feed_forward.intermediate_dense", normed), config.string("hidden_act"));
            x = layers.add(x, layers.linear(at + "feed_forward.output_dense", units));
            x = stable ? x : layers.norm(at + "final_layer_norm", x, epsilon);
            outputs.give("layer." + i, x);
        }
        x = outputs.give("last", stable ? layers.norm("encoder.layer_norm", x, epsilon) : x);
        if (layers.has("lm_head.weight")) {
            outputs.give("logits", layers.linear("lm_head", x));
        }
    }

    private String turned(String x) {
        return graph.op("Transpose", Map.of("perm", new long[] {0, 2, 1}), x);
    }

    /** {@code [batch, samples] -> [batch, channels, frames]}. */
    private String features(String samples) {
        String sound = graph.op("Unsqueeze", samples, graph.integers(1));
        List<Integer> strides = config.integers("conv_stride");
        for (int i = 0; i < strides.size(); i++) {
            String at = "feature_extractor.conv_layers." + i + ".";
            var stride = Map.of("strides", new long[] {strides.get(i)});
            sound = layers.has(at + "conv.bias")
                    ? graph.op(
                            "Conv", stride, sound, layers.weight(at + "conv.weight"), layers.weight(at + "conv.bias"))
                    : graph.op("Conv", stride, sound, layers.weight(at + "conv.weight"));
            if (config.string("feat_extract_norm").equals("layer")) {
                sound = turned(layers.norm(at + "layer_norm", turned(sound), 1e-5));
            } else if (i == 0) {
                sound = graph.op(
                        "InstanceNormalization",
                        Map.of("epsilon", 1e-5),
                        sound,
                        layers.weight(at + "layer_norm.weight"),
                        layers.weight(at + "layer_norm.bias"));
            }
            sound = layers.activate(sound, config.string("feat_extract_activation"));
        }
        return sound;
    }

    /** The convolution that stands for positions, on {@code [batch, hidden, frames]}. */
    private String places(String x, int hidden) {
        String at = "encoder.pos_conv_embed.conv.";
        int kernel = config.integer("num_conv_pos_embeddings");
        Array v = layers.array(at + "weight_v");
        float[] g = layers.array(at + "weight_g").values();
        var squares = new double[kernel];
        for (int i = 0; i < v.values().length; i++) {
            squares[i % kernel] += (double) v.values()[i] * v.values()[i];
        }
        var values = new float[v.values().length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (v.values()[i] * g[i % kernel] / Math.sqrt(squares[i % kernel]));
        }
        // An even kernel's last frame is cut off, so there is less padding behind.
        var sizes = Map.of("group", config.integer("num_conv_pos_embedding_groups"), "pads", new long[] {
            kernel / 2, kernel / 2 - (kernel % 2 == 0 ? 1 : 0)
        });
        String conv = graph.op(
                "Conv",
                sizes,
                x,
                layers.constant(at + "weight", new Array(values, v.shape())),
                layers.weight(at + "bias"));
        return layers.activate(conv, config.string("feat_extract_activation"));
    }
}
