package io.tokenwise.acm;

import java.util.List;

/** Which layers the tokens that stay go through, the widest first. */
public enum Width {
    /** The dense model's own. */
    DENSE(1),
    /** Of the dense ones' sizes, with weights that learnt to do without what left. */
    FULL(1),
    /** Narrow ones, with half of the MLPs' units. */
    HALF(0.5),
    /** The same with a quarter. */
    QUARTER(0.25);

    /** All, since {@link #values} makes a new array. */
    static final List<Width> ALL = List.of(values());

    /** Those of narrow layers. */
    static final List<Width> NARROW = List.of(HALF, QUARTER);

    private final double mlpShare;

    Width(double mlpShare) {
        this.mlpShare = mlpShare;
    }

    /** The share of the dense MLPs' units. */
    public double mlpShare() {
        return mlpShare;
    }

    public boolean isNarrow() {
        return mlpShare < 1;
    }

    /** The place among the narrow ones. */
    int narrowPlace() {
        return ordinal() - HALF.ordinal();
    }
}
