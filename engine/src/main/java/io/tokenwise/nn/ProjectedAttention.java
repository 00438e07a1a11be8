package io.tokenwise.nn;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;

/** Attention of rows to each other, whose Q, K and V are one product of the block's input. */
public sealed interface ProjectedAttention extends Block permits Attention, CachedAttention {
    /** {@code [hidden, queryColumns + 2 * keyColumns]}: Q, K and V side by side, each head by head. */
    Linear qkv();

    /** {@code [queryColumns, hidden]}. */
    Linear output();

    /** Of queries. */
    int heads();

    /** Heads of keys and values; each serves as many neighbouring heads of queries as the others. */
    default int keyHeads() {
        return heads();
    }

    /** Columns of all heads of queries, and of what attention gives. */
    default int queryColumns() {
        return output().weight().inputs();
    }

    /** Columns of all heads of keys, and of values. */
    default int keyColumns() {
        return queryColumns() / heads() * keyHeads();
    }

    /** How many columns of each head of Q and K, the first ones, are turned in pairs by a token's position. */
    int rotated();

    /** Whether {@link #attend} only reads Q, K and V of the batch, so that their columns may lie anywhere ({@code AttentionLayout}). */
    boolean readsColumnsAnywhere();

    /** Whether Q and K may be cut into learners, and not only V and O: what positions and norms do to their columns must allow it. */
    boolean cutsQueries();

    /**
     * From {@code [tokens, queryColumns + 2 * keyColumns]} as {@link #qkv} gives it, which may be changed, the heads' results side by side, {@code [tokens,
     * queryColumns]}.
     */
    Tensor attend(Pass pass, Tensor projected);

    @Override
    default Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return output().forwardPlus(pass, attend(pass, qkv().forward(pass, x)), residual);
    }

    /** Brings what {@link #attend} reads besides into the form that it needs: part of {@link #prepare}, for those that have projections of their own. */
    default void preparePositions(Stream stream) {}

    @Override
    default void prepare(Stream stream) {
        qkv().weight().prepare(stream);
        output().weight().prepare(stream);
    }

    /** Of the projections; the products of queries with keys and of probabilities with values depend on the text's length. */
    @Override
    default double flopsPerToken(double share) {
        return qkv().flopsPerToken() + output().flopsPerToken();
    }
}
