package io.tokenwise.acm;

import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * How the hidden units of one MLP behave on real text: by this they are ordered into learners.
 *
 * @param means mean of each unit after GELU
 * @param importance variance of each unit after GELU times the squared length of its output weights: the mean squared error made by
 *     replacing the unit by its mean
 */
public record UnitStatistics(double[] means, double[] importance) {

    /** Measures all given MLPs at once, while {@code forwards} runs the model on sample text. */
    public static List<UnitStatistics> measure(List<BlockSlot> slots, Runnable forwards) {
        var counters = new ArrayList<Counter>();
        for (BlockSlot slot : slots) {
            if (!(slot.block() instanceof Mlp mlp)) {
                throw new IllegalArgumentException(slot.path() + " is no dense MLP: it cannot be made adaptive again");
            }
            var counter = new Counter(mlp);
            counters.add(counter);
            slot.replace(counter);
        }
        try {
            forwards.run();
        } finally {
            for (int i = 0; i < slots.size(); i++) {
                slots.get(i).replace(counters.get(i).mlp);
            }
        }
        return counters.stream().map(Counter::statistics).toList();
    }

    /** The MLP itself, which also sums up what its units do. */
    private static final class Counter implements Block {
        private final Mlp mlp;
        private final double[] sums;
        private final double[] squares;
        private long tokens;

        Counter(Mlp mlp) {
            this.mlp = mlp;
            sums = new double[mlp.up().weight().outputs()];
            squares = new double[sums.length];
        }

        @Override
        public Tensor forward(Pass pass, Tensor x, Tensor residual) {
            Tensor units = mlp.up().forwardGelu(pass, x);
            for (int row = 0; row < units.rows(); row++) {
                for (int unit = 0; unit < sums.length; unit++) {
                    double value = units.get(row, unit);
                    sums[unit] += value;
                    squares[unit] += value * value;
                }
            }
            tokens += units.rows();
            return mlp.down().forwardPlus(pass, units, residual);
        }

        @Override
        public void prepare(Stream stream) {
            mlp.prepare(stream);
        }

        @Override
        public double flopsPerToken(double share) {
            return mlp.flopsPerToken(share);
        }

        UnitStatistics statistics() {
            if (tokens == 0) {
                throw new IllegalStateException("no text went through the MLP: its units cannot be ordered");
            }
            Tensor down = mlp.down().weight().parameter().value();
            var means = new double[sums.length];
            var importance = new double[sums.length];
            for (int unit = 0; unit < sums.length; unit++) {
                means[unit] = sums[unit] / tokens;
                double variance = Math.max(0, squares[unit] / tokens - means[unit] * means[unit]);
                double length = 0;
                for (int column = 0; column < down.columns(); column++) {
                    length += (double) down.get(unit, column) * down.get(unit, column);
                }
                importance[unit] = variance * length;
            }
            return new UnitStatistics(means, importance);
        }
    }
}
