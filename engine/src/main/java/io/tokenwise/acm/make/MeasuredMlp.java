package io.tokenwise.acm.make;

import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.block.AdaptiveMlp;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
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
        try (HostTensor values = pass.stream().read(units)) {
            for (int row = 0; row < units.rows(); row++) {
                for (int unit = 0; unit < sums.length; unit++) {
                    double value = values.get(row, unit);
                    sums[unit] += value;
                    squares[unit] += value * value;
                }
            }
        }
        tokens += units.rows();
        return mlp.down().forwardPlus(pass, units, residual);
    }

    /**
     * Units in the order of their variance times the squared length of their output weights, which is the mean squared error
     * made by replacing a unit by its mean.
     */
    private int[] order(HostTensor down) {
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
        Measured.copyDense(adaptive, parameters.backend());
        float[] dense = bias(mlp.up());
        try (HostTensor bias = target.get(1).write()) {
            for (int column = 0; column < bias.columns(); column++) {
                bias.set(0, column, dense[adaptive.denseColumn(column)]);
            }
        }
        setBiases(target.get(3), adaptive.width());
        return adaptive;
    }

    /** Zeros where there is none. */
    private static float[] bias(Linear linear) {
        var values = new float[linear.weight().outputs()];
        if (linear.bias() != null) {
            try (HostTensor bias = linear.bias().read()) {
                bias.copyRow(0, values, 0);
            }
        }
        return values;
    }

    /** Orders the units, and gives a narrow MLP the first of them, with the mean of the others' part in its bias. */
    void start(Mlp target) {
        sortUnits();
        int kept = target.units();
        int parts = mlp.isGated() ? 2 : 1;
        copyFirst(mlp.up().weight().parameter(), target.up().weight().parameter(), parts);
        copyFirst(mlp.down().weight().parameter(), target.down().weight().parameter(), 1);
        if (target.up().bias() != null) {
            copyFirst(mlp.up().bias(), target.up().bias(), parts);
        }
        if (target.down().bias() == null) {
            return;
        }
        float[] dense = bias(mlp.down());
        try (HostTensor down = mlp.down().weight().parameter().read();
                HostTensor bias = target.down().bias().write()) {
            for (int column = 0; column < down.columns(); column++) {
                double sum = dense[column];
                for (int unit = kept; unit < sums.length; unit++) {
                    sum += sums[unit] / tokens * down.get(unit, column);
                }
                bias.set(0, column, (float) sum);
            }
        }
    }

    /** The first rows, and the first columns of each of so many parts that lie side by side. */
    private static void copyFirst(Parameter from, Parameter to, int parts) {
        try (HostTensor all = from.read();
                HostTensor kept = to.write()) {
            int width = kept.columns() / parts;
            int wider = all.columns() / parts;
            for (int row = 0; row < kept.rows(); row++) {
                for (int column = 0; column < kept.columns(); column++) {
                    kept.set(row, column, all.get(row, column / width * wider + column % width));
                }
            }
        }
    }

    /** The most important units first, which does not change what the MLP computes. */
    private void sortUnits() {
        int[] order;
        Parameter up = mlp.up().weight().parameter();
        Parameter down = mlp.down().weight().parameter();
        try (HostTensor rows = down.write()) {
            order = order(rows);
            permuteRows(rows, order);
        }
        down.changed();
        permuteColumns(up, order);
        if (mlp.up().bias() != null) {
            permuteColumns(mlp.up().bias(), order);
        }
        double[] before = sums.clone();
        for (int unit = 0; unit < order.length; unit++) {
            sums[unit] = before[order[unit]];
        }
    }

    /** The columns of the units; if the MLP is gated, those of u and those of g. */
    private static void permuteColumns(Parameter parameter, int[] order) {
        try (HostTensor values = parameter.write()) {
            var before = new float[values.columns()];
            for (int row = 0; row < values.rows(); row++) {
                values.copyRow(row, before, 0);
                for (int from = 0; from < before.length; from += order.length) {
                    for (int column = 0; column < order.length; column++) {
                        values.set(row, from + column, before[from + order[column]]);
                    }
                }
            }
        }
        parameter.changed();
    }

    private static void permuteRows(HostTensor values, int[] order) {
        var before = new float[order.length];
        for (int column = 0; column < values.columns(); column++) {
            for (int row = 0; row < order.length; row++) {
                before[row] = values.get(row, column);
            }
            for (int row = 0; row < order.length; row++) {
                values.set(row, column, before[order[row]]);
            }
        }
    }

    /** c_0 holds the mean contribution of all units; from a learner that runs c_n takes it away again. */
    private void setBiases(Parameter biases, int width) {
        float[] dense = bias(mlp.down());
        try (HostTensor down = mlp.down().weight().parameter().read();
                HostTensor c = biases.write()) {
            for (int i = 0; i < c.columns(); i++) {
                var means = new double[sums.length / width];
                double all = dense[i];
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
}
