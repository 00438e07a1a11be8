package io.tokenwise.acm.leave;

/**
 * Multiply-adds of the layers' products and of the gate; attention's own products are left out, which fall faster than the number of tokens that stay.
 *
 * @param gate of the gate, for one token
 * @param layers of all layers, for one token
 * @param mlps of them those of the MLPs
 */
public record ForwardFlops(long gate, long layers, long mlps) implements ForwardCost {
    @Override
    public double dense(int tokens) {
        return (double) tokens * layers;
    }

    @Override
    public double shortened(int tokens, int rows, double narrowShare, boolean gated) {
        double gates = gated ? (double) tokens * gate : 0;
        return gates + rows * (layers - narrowShare * (1 - NarrowLayers.UNITS_SHARE) * mlps);
    }
}
