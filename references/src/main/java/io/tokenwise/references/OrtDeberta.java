package io.tokenwise.references;

import java.util.Map;

/** Scores of DeBERTa's layers as exporters write them: products with all distances, of which each pair of tokens takes its own. */
final class OrtDeberta {
    private final OrtLayers layers;
    private final Graph graph;
    private final int heads;
    private final int size;
    private final String vectors;
    private final String keys;
    private final String queries;

    /** @param tokens of the batch's texts */
    OrtDeberta(Config config, OrtLayers layers, String tokens) {
        this.layers = layers;
        graph = layers.graph;
        heads = config.integer("num_attention_heads");
        size = config.integer("hidden_size") / heads;
        int most = config.integer("max_position_embeddings");
        int buckets = config.integer("position_buckets");
        int farthest = config.integer("max_relative_positions");
        vectors = layers.norm(
                "encoder.LayerNorm", layers.weight("encoder.rel_embeddings.weight"), config.real("layer_norm_eps"));
        keys = rows(most, buckets, farthest < 1 ? most : farthest, 1, tokens);
        queries = rows(most, buckets, farthest < 1 ? most : farthest, -1, tokens);
    }

    /** For each two places a row: of how far the second is behind the first, or before it. */
    private String rows(int most, int buckets, int farthest, int sign, String tokens) {
        var all = new long[most * most];
        for (int i = 0; i < all.length; i++) {
            int bucket = sign * bucket(i / most - i % most, buckets, farthest);
            all[i] = Math.clamp(bucket + buckets, 0, 2 * buckets - 1);
        }
        String table = graph.op("Reshape", graph.integers(all), graph.integers(1, 1, most, most));
        return layers.first(layers.first(table, tokens, 2), tokens, 3);
    }

    /** make_log_bucket_position of transformers, rounded once. */
    private static int bucket(int behind, int buckets, int farthest) {
        int middle = buckets / 2;
        int far = Math.abs(behind);
        if (far <= middle) {
            return behind;
        }
        double share = Math.log((double) far / middle) / Math.log((farthest - 1.) / middle);
        return (int) Math.signum(behind) * ((int) Math.ceil((float) share * (middle - 1)) + middle);
    }

    /** What attention gives before its output layer. */
    String attend(String at, String x, String padding) {
        String q = layers.heads(layers.linear(at + "query_proj", x), heads, size);
        String k = layers.heads(layers.linear(at + "key_proj", x), heads, size);
        String v = layers.heads(layers.linear(at + "value_proj", x), heads, size);
        String withKeys = graph.op("MatMul", q, ofDistances(at + "key_proj"));
        String withQueries = graph.op("MatMul", k, ofDistances(at + "query_proj"));
        String all = graph.op("MatMul", q, graph.op("Transpose", Map.of("perm", new long[] {0, 1, 3, 2}), k));
        String shape = graph.op("Shape", all);
        String ofQueries = graph.op("GatherElements", Map.of("axis", 3), withKeys, graph.op("Expand", keys, shape));
        String ofKeys = graph.op("GatherElements", Map.of("axis", 3), withQueries, graph.op("Expand", queries, shape));
        String turned = graph.op("Transpose", Map.of("perm", new long[] {0, 1, 3, 2}), ofKeys);
        double divisor = Math.sqrt(3 * size);
        String positions = graph.op("Div", layers.add(ofQueries, turned), graph.scalar(divisor));
        return layers.attend(q, k, v, divisor, layers.add(positions, padding));
    }

    /** {@code [heads, size, distances]}; constant, so that ONNX Runtime computes it once. */
    private String ofDistances(String projection) {
        String all = graph.op("Reshape", layers.linear(projection, vectors), graph.integers(-1, heads, size));
        return graph.op("Transpose", Map.of("perm", new long[] {1, 2, 0}), all);
    }
}
