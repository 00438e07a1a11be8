package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** An MLP that sums up what its hidden units do. */
final class MeasuredMlp implements Measured {
    private final Mlp mlp;
    private final double[] sums;
    private final double[] squares;
    private long tokens;

    MeasuredMlp(Mlp mlp) {
        this.mlp = mlp;
        sums = new double[mlp.up().weight().outputs()];
        squares = new double[sums.length];
    }

    @Override
    public Block dense() {
        return mlp;
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

    /**
     * Units in the order of their variance after GELU times the squared length of their output weights, which is the mean squared error
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
        Tensor up = mlp.up().weight().parameter().value();
        Tensor down = mlp.down().weight().parameter().value();
        int hidden = up.rows();
        int learners = layers.learners();
        int width = AdaptiveMlp.widthOf(path, sums.length, learners);
        var adaptive = new AdaptiveMlp(parameters, path, learners, hidden, width);
        List<Parameter> target = adaptive.learnerParameters();
        Tensor b2 = target.get(3).value();
        Tensor c = target.get(4).value();
        var total = new double[hidden];
        for (int column = 0; column < hidden; column++) {
            total[column] = mlp.down().bias().value().get(0, column);
        }
        int[] order = order();
        var contribution = new double[learners][hidden];
        for (int to = 0; to < sums.length; to++) {
            int from = order[to];
            target.get(1).value().set(0, to, mlp.up().bias().value().get(0, from));
            for (int i = 0; i < hidden; i++) {
                target.get(0).value().set(i, to, up.get(i, from));
                target.get(2).value().set(to, i, down.get(from, i));
                contribution[to / width][i] += sums[from] / tokens * down.get(from, i);
            }
        }
        for (int n = 0; n < learners; n++) {
            for (int i = 0; i < hidden; i++) {
                c.set(n, i, (float) -contribution[n][i]);
                total[i] += contribution[n][i];
            }
        }
        for (int i = 0; i < hidden; i++) {
            b2.set(0, i, (float) total[i]);
        }
        List.of(
                        mlp.up().weight().parameter(),
                        mlp.up().bias(),
                        mlp.down().weight().parameter(),
                        mlp.down().bias())
                .forEach(parameters::remove);
        return adaptive;
    }
}
