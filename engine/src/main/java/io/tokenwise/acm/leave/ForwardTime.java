package io.tokenwise.acm.leave;

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

    /**
     * Products of other numbers of rows are two or three products, the last one of few rows, which takes about as long as one of eight: more rows are free up to the next
     * multiple.
     */
    private static final int ROWS_TOGETHER = 4;

    private static final int FEW_ROWS = 8;

    /** What choosing, gathering and pieces between the measured numbers of rows add (docs/lab/leaving.md). */
    private static final double MARGIN = 1.02;

    @Override
    public double dense(int tokens) {
        return model.micros(tokens);
    }

    @Override
    public double shortened(int tokens, int rows, double narrowShare, boolean gated) {
        if (rows == tokens) {
            return layers(tokens, tokens, narrowShare);
        }
        int together = rows <= FEW_ROWS ? rows : (rows + ROWS_TOGETHER - 1) / ROWS_TOGETHER * ROWS_TOGETHER;
        double gates = gated ? WITH_PROJECTION * gate.micros(tokens) : 0;
        return gates + MARGIN * layers(tokens, Math.min(tokens, together), narrowShare);
    }

    private double layers(int tokens, int rows, double narrowShare) {
        double dense = model.micros(tokens, rows, 1);
        double narrow = model.micros(tokens, rows, NarrowLayers.UNITS_SHARE);
        return dense + narrowShare * (narrow - dense);
    }
}
