package io.tokenwise.backend.cuda;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.op.Activations;
import io.tokenwise.op.Choices;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Scales;
import io.tokenwise.op.Softmaxes;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Operations on values and on rows, and an optimizer's step. */
final class RowCases {
    /** One, less than a warp, not a multiple of anything, more than one block of rows or values, and a real model's. */
    private static final int[][] SHAPES = {{1, 1}, {3, 7}, {5, 129}, {2, 1_537}, {130, 384}};

    private static final float EPSILON = 1e-5f;

    private final List<Case> cases = new ArrayList<>();

    private RowCases() {}

    static List<Case> all() {
        var all = new RowCases();
        for (int[] shape : SHAPES) {
            all.values(shape[0], shape[1]);
            all.rows(shape[0], shape[1]);
            all.columns(shape[0], shape[1]);
            all.optimizer(shape[0], shape[1]);
        }
        all.values(0, 5);
        all.rows(0, 5);
        all.blocks(1, 1, 1);
        all.blocks(7, 3, 5);
        all.blocks(70, 12, 32);
        all.units(1, 1, 1, 1);
        all.units(7, 5, 3, 4);
        all.units(70, 48, 8, 7);
        all.choices(1, 1);
        all.choices(300, 5);
        all.choices(33, 17);
        return all.cases;
    }

    private void add(String name, int rows, int columns, double bound, java.util.function.Consumer<Side> run) {
        cases.add(new Case(name + " " + Case.shape(rows, columns), bound, run));
    }

    private void values(int rows, int columns) {
        add("gelu", rows, columns, 1e-6, s -> {
            Tensor x = s.between(-6, 6, rows, columns);
            Activations.gelu(s.stream(), x, s.untouched(rows, columns));
            Activations.gelu(s.stream(), x, x);
        });
        add("geluBackward", rows, columns, 1e-6, s -> {
            Tensor x = s.between(-6, 6, rows, columns);
            Tensor dy = s.random(rows, columns);
            Activations.geluBackward(s.stream(), x, dy, s.untouched(rows, columns));
            Activations.geluBackward(s.stream(), x, dy, dy);
        });
        add(
                "tanh",
                rows,
                columns,
                1e-6,
                s -> Activations.tanh(s.stream(), s.between(-9, 9, rows, columns), s.untouched(rows, columns)));
        add("add", rows, columns, 0, s -> {
            Tensor a = s.random(rows, columns);
            Tensor b = s.random(rows, columns);
            s.stream().add(a, b, s.untouched(rows, columns));
            s.stream().add(a, b, a);
        });
        add(
                "addScaled",
                rows,
                columns,
                1e-6,
                s -> s.stream().addScaled(s.random(rows, columns), -.3f, s.random(rows, columns)));
        add("copy and fill", rows, columns, 0, s -> {
            s.stream().copy(s.random(rows, columns), s.untouched(rows, columns));
            s.stream().fill(s.random(rows, columns), 1.5f);
            s.stream().fill(s.random(rows, columns), 0);
        });
        add("sumsOfSquares", rows, columns, 1e-6, s -> {
            List<Tensor> tensors = List.of(s.random(rows, columns), s.random(1, columns));
            for (double sum : s.stream().sumsOfSquares(tensors)) {
                s.tell(sum);
            }
        });
    }

    private void rows(int rows, int columns) {
        add("layerNorm and gradients", rows, columns, 1e-5, s -> {
            Tensor x = s.random(rows, columns);
            Tensor gamma = s.random(1, columns);
            Tensor beta = s.random(1, columns);
            Tensor statistics = s.untouched(rows, 2);
            // At least the size of the values' deviation, which of a single column is 0.
            float epsilon = columns == 1 ? 1 : EPSILON;
            LayerNorms.forward(s.stream(), x, gamma, beta, epsilon, s.untouched(rows, columns), statistics);
            Tensor dy = s.random(rows, columns);
            LayerNorms.backward(s.stream(), x, gamma, statistics, dy, s.untouched(rows, columns));
            LayerNorms.parameterGradient(s.stream(), x, statistics, dy, s.random(1, columns), s.random(1, columns));
            LayerNorms.backward(s.stream(), x, gamma, statistics, dy, dy);
            LayerNorms.forward(s.stream(), x, gamma, beta, epsilon, x, null);
        });
        add("softmax and gradient", rows, columns, 2e-6, s -> {
            Tensor x = s.between(-20, 20, rows, columns);
            Tensor y = s.untouched(rows, columns);
            Softmaxes.forward(s.stream(), x, y);
            Tensor dy = s.random(rows, columns);
            Softmaxes.backward(s.stream(), y, dy, s.untouched(rows, columns));
            Softmaxes.backward(s.stream(), y, dy, dy);
            Softmaxes.forward(s.stream(), x, x);
        });
        add("l2Normalize and gradient", rows, columns, 2e-6, s -> {
            Tensor x = s.random(rows, columns);
            Tensor y = s.untouched(rows, columns);
            Tensor norms = s.untouched(1, rows);
            Lengths.forward(s.stream(), x, y, norms);
            Tensor dy = s.random(rows, columns);
            // Of a single column nothing is left, and what rounding leaves is divided by its length.
            Lengths.backward(s.stream(), y, norms, dy, columns == 1 ? dy : s.untouched(rows, columns));
            Lengths.forward(s.stream(), x, x, null);
        });
        if (rows > 0) {
            add("argmax", rows, columns, 0, s -> {
                Tensor x = s.random(rows, columns);
                s.tell(Choices.argmax(s.stream(), x, 0));
                s.tell(Choices.argmax(s.stream(), x, rows - 1));
                s.tell(Choices.argmax(s.stream(), s.filled(3, rows, columns), rows - 1));
            });
        }
    }

    private void columns(int rows, int columns) {
        add(
                "addColumnSums",
                rows,
                columns,
                1e-5,
                s -> Sums.addColumns(s.stream(), s.random(rows, columns), s.random(1, columns)));
    }

    private void optimizer(int rows, int columns) {
        add("adamW", rows, columns, 1e-6, s -> {
            var step = new AdamWStep(1e-2f, .9f, .999f, 1e-8f, .1f, .19f, .001999f, .5f);
            Tensor gradient = s.random(rows, columns);
            s.stream()
                    .adamW(
                            s.random(rows, columns),
                            gradient,
                            s.random(rows, columns),
                            s.between(.1f, 2, rows, columns),
                            step);
        });
    }

    private void blocks(int rows, int blocks, int width) {
        add("scaleBlocks and gradient of " + width, rows, blocks * width, 2e-6, s -> {
            Tensor x = s.random(rows, blocks * width);
            Tensor scale = s.random(rows, blocks);
            Scales.blocks(s.stream(), x, scale, s.untouched(rows, blocks * width));
            Tensor dy = s.random(rows, blocks * width);
            Scales.blocksBackward(
                    s.stream(), x, scale, dy, s.untouched(rows, blocks * width), s.untouched(rows, blocks));
        });
    }

    private void units(int rows, int units, int width, int factors) {
        add("scaleUnits and gradient of " + width, rows, units * width, 1e-5, s -> {
            int[] places = s.integers(units, factors + 1);
            for (int i = 0; i < units; i++) {
                places[i]--;
            }
            Tensor x = s.random(rows, units * width);
            Tensor scale = s.random(rows, factors);
            Scales.units(s.stream(), x, scale, places, s.untouched(rows, units * width));
            Tensor dy = s.random(rows, units * width);
            Tensor dx = s.untouched(rows, units * width);
            Scales.unitsBackward(s.stream(), x, scale, places, dy, dx, s.untouched(rows, factors));
        });
        add("gatherUnits of " + width, rows, units * width, 0, s -> {
            int[] starts = s.integers(units, units * width + 2);
            starts[units - 1] = -1;
            Scales.gather(
                    s.stream(),
                    s.random(rows, (units + 1) * width + 2),
                    starts,
                    width,
                    s.untouched(rows, units * width));
        });
    }

    private void choices(int rows, int learners) {
        add("choose and gradient", rows, learners, 2e-6, s -> {
            Tensor soft = s.untouched(rows, learners + 1);
            Choices.forward(
                    s.stream(),
                    s.random(rows, learners + 1),
                    s.random(rows, learners + 1),
                    .7f,
                    soft,
                    s.untouched(rows, learners));
            Choices.backward(s.stream(), soft, .7f, s.random(rows, learners), s.untouched(rows, learners + 1));
        });
    }
}
