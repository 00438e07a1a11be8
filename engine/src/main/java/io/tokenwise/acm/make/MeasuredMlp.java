package io.tokenwise.acm.make;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** An MLP that sums up what its hidden units do. */
final class MeasuredMlp implements Measured {
    private final Mlp mlp;
    private final double[] sums;
    private final double[] squares;
    private long tokens;

    /** Nothing is measured yet. */
    MeasuredMlp(Mlp mlp) {
        this.mlp = mlp;
        sums = new double[mlp.units()];
        squares = new double[sums.length];
    }

    @Override
    public Block dense() {
        return mlp;
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        Tensor units = mlp.units(pass, x);
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

    /**
     * Units in the order of their variance times the squared length of their output weights, which is the mean squared error
     * made by replacing a unit by its mean.
     */
    private int[] order() {
        Tensor down = mlp.down().weight().parameter().value();
        var importance = new double[sums.length];
        for (int unit = 0; unit < sums.length; unit++) {
            double mean = sums[unit] / tokens;
            double variance = Math.max(0, squares[unit] / tokens - mean * mean);
            double length = 0;
            for (int column = 0; column < down.columns(); column++) {
                length += (double) down.get(unit, column) * down.get(unit, column);
            }
            importance[unit] = variance * length;
        }
        return IntStream.range(0, sums.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer unit) -> -importance[unit]))
                .mapToInt(Integer::intValue)
                .toArray();
    }

    @Override
    public AdaptiveMlp adaptive(Parameters parameters, String path, AdaptiveLayers layers) {
        var adaptive = new AdaptiveMlp(parameters, path, mlp, layers.learners(), layers.mlpLearners());
        sortUnits();
        List<Parameter> target = adaptive.learnerParameters();
        try (Arena arena = Arena.ofConfined()) {
            adaptive.denseSlices(arena)
                    .forEach((learned, dense) -> learned.value().copyFrom(dense));
        }
        Tensor bias = target.get(1).value();
        for (int column = 0; column < bias.columns(); column++) {
            bias.set(0, column, mlp.up().bias().value().get(0, adaptive.denseColumn(column)));
        }
        setBiases(target.get(3).value(), adaptive.width());
        return adaptive;
    }

    /** Orders the units, and gives a narrow MLP the first of them, with the mean of the others' part in its bias. */
    void start(Mlp target) {
        sortUnits();
        int kept = target.units();
        Tensor up = mlp.up().weight().parameter().value();
        Tensor narrowUp = target.up().weight().parameter().value();
        for (int row = 0; row < up.rows(); row++) {
            for (int unit = 0; unit < kept; unit++) {
                narrowUp.set(row, unit, up.get(row, unit));
            }
        }
        target.up().bias().value().copyFrom(mlp.up().bias().value().part(0, kept));
        Tensor down = mlp.down().weight().parameter().value();
        Tensor narrowDown = target.down().weight().parameter().value();
        narrowDown.part(0, narrowDown.size()).copyFrom(down.part(0, narrowDown.size()));
        Tensor bias = target.down().bias().value();
        for (int column = 0; column < down.columns(); column++) {
            double sum = mlp.down().bias().value().get(0, column);
            for (int unit = kept; unit < sums.length; unit++) {
                sum += sums[unit] / tokens * down.get(unit, column);
            }
            bias.set(0, column, (float) sum);
        }
    }

    /** The most important units first, which does not change what the MLP computes. */
    private void sortUnits() {
        int[] order = order();
        Tensor up = mlp.up().weight().parameter().value();
        Tensor down = mlp.down().weight().parameter().value();
        for (int row = 0; row < up.rows(); row++) {
            permute(up, row, order);
        }
        permute(mlp.up().bias().value(), 0, order);
        for (int column = 0; column < down.columns(); column++) {
            var before = new float[order.length];
            for (int unit = 0; unit < order.length; unit++) {
                before[unit] = down.get(unit, column);
            }
            for (int unit = 0; unit < order.length; unit++) {
                down.set(unit, column, before[order[unit]]);
            }
        }
        double[] before = sums.clone();
        for (int unit = 0; unit < order.length; unit++) {
            sums[unit] = before[order[unit]];
        }
        List.of(
                        mlp.up().weight().parameter(),
                        mlp.up().bias(),
                        mlp.down().weight().parameter())
                .forEach(Parameter::changed);
    }

    /** The columns of the units; if the MLP is gated, those of u and those of g. */
    private static void permute(Tensor values, int row, int[] order) {
        var before = new float[order.length];
        for (int from = 0; from < values.columns(); from += order.length) {
            for (int column = 0; column < order.length; column++) {
                before[column] = values.get(row, from + column);
            }
            for (int column = 0; column < order.length; column++) {
                values.set(row, from + column, before[order[column]]);
            }
        }
    }

    /** c_0 holds the mean contribution of all units; from a learner that runs c_n takes it away again. */
    private void setBiases(Tensor c, int width) {
        Tensor down = mlp.down().weight().parameter().value();
        for (int i = 0; i < c.columns(); i++) {
            var means = new double[sums.length / width];
            double all = mlp.down().bias().value().get(0, i);
            for (int unit = 0; unit < sums.length; unit++) {
                double mean = sums[unit] / tokens * down.get(unit, i);
                means[unit / width] += mean;
                all += mean;
            }
            c.set(0, i, (float) all);
            for (int n = 1; n < c.rows(); n++) {
                c.set(n, i, (float) -means[n - 1]);
            }
        }
    }
}
