package io.tokenwise.acm;

import io.tokenwise.cost.CostModel;

/**
 * Microseconds on this machine, in the backend's precision, of one input alone on one thread.
 *
 * @param model of the layers
 * @param gate of a layer of the gate's sizes
 */
public record ForwardTime(CostModel model, CostModel gate) implements ForwardCost {
    /** The gate's projection is not in a layer of its width; it has about as many weights as the rest of it. */
    private static final double WITH_PROJECTION = 1.75;

    @Override
    public double dense(int tokens) {
        return model.micros(tokens);
    }

    @Override
    public double shortened(int tokens, int rows, double mlpShare) {
        double gates = rows < tokens ? WITH_PROJECTION * gate.micros(tokens) : 0;
        return gates + model.micros(tokens, rows, mlpShare);
    }
}
