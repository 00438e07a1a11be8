package io.tokenwise.spark;

import org.apache.spark.util.AccumulatorV2;

/** The mean share of the dense model's cost, by tokens. NaN where nothing was spent, or where the model cannot say. */
final class SpentShare extends AccumulatorV2<SpentShare, Double> {
    private static final long serialVersionUID = 1;

    private long tokens;
    private double spent;

    void add(int ofTokens, double share) {
        tokens += ofTokens;
        spent += ofTokens * share;
    }

    @Override
    public void add(SpentShare other) {
        merge(other);
    }

    @Override
    public void merge(AccumulatorV2<SpentShare, Double> other) {
        var share = (SpentShare) other;
        tokens += share.tokens;
        spent += share.spent;
    }

    @Override
    public boolean isZero() {
        return tokens == 0;
    }

    @Override
    public AccumulatorV2<SpentShare, Double> copy() {
        var copy = new SpentShare();
        copy.merge(this);
        return copy;
    }

    @Override
    public void reset() {
        tokens = 0;
        spent = 0;
    }

    @Override
    public Double value() {
        return spent / tokens;
    }
}
