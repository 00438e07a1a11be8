package io.tokenwise.acm;

/**
 * Multiply-adds of the layers' products and of the gate; attention's own products are left out, which fall faster than the number of tokens that stay.
 */
public record ForwardFlops(AdaptiveModule tokens) implements ForwardCost {
    @Override
    public double dense(int count) {
        return (double) count * tokens.denseFlops();
    }

    @Override
    public double shortened(int count, int rows) {
        return (double) count * tokens.gateFlops() + (double) rows * tokens.denseFlops();
    }
}
