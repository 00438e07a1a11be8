package io.tokenwise.bench;

import java.util.List;

/**
 * A matrix product {@code [m, k] x [k, n]} that a model really runs, named after its place and number of tokens.
 *
 * @param m rows: tokens
 * @param n columns of the weights
 * @param k rows of the weights
 */
record GemmShape(String name, int m, int n, int k) {
    /** MiniLM-L6 (hidden size 384, MLP 1536) at 128, 64, 16 and 1 tokens, and learners of an ACM with N = 4 and N = 16. */
    static final List<GemmShape> ALL = List.of(
            new GemmShape("mlp-up-128", 128, 1536, 384),
            new GemmShape("mlp-down-128", 128, 384, 1536),
            new GemmShape("qkv-128", 128, 1152, 384),
            new GemmShape("projection-128", 128, 384, 384),
            new GemmShape("mlp-up-64", 64, 1536, 384),
            new GemmShape("mlp-down-64", 64, 384, 1536),
            new GemmShape("mlp-up-16", 16, 1536, 384),
            new GemmShape("mlp-down-16", 16, 384, 1536),
            new GemmShape("qkv-16", 16, 1152, 384),
            new GemmShape("mlp-up-1", 1, 1536, 384),
            new GemmShape("mlp-down-1", 1, 384, 1536),
            new GemmShape("learner-4-up-64", 64, 384, 384),
            new GemmShape("learner-16-up-64", 64, 96, 384),
            new GemmShape("learner-16-down-64", 64, 384, 96));

    /** @throws IllegalArgumentException if none has the name */
    static GemmShape named(String name) {
        return ALL.stream()
                .filter(shape -> shape.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape is called " + name + "; there are "
                        + String.join(", ", ALL.stream().map(GemmShape::name).toList())));
    }

    double flops() {
        return 2.0 * m * n * k;
    }
}
