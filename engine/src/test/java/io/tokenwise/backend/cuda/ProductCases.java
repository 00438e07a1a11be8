package io.tokenwise.backend.cuda;

import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.Routing;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Matrix products, whole and in slices, and the routings that say which rows use which slices. */
final class ProductCases {
    private final double bound;
    private final List<Case> cases = new ArrayList<>();

    private ProductCases(double bound) {
        this.bound = bound;
    }

    /** @param bound of products whose factors and results are of size 1 */
    static List<Case> all(double bound) {
        var all = new ProductCases(bound);
        all.linear(1, 1, 1);
        all.linear(3, 5, 7);
        all.linear(17, 40, 33);
        all.linear(70, 129, 100);
        all.linear(130, 384, 130);
        // So many rows that they are narrowed before several blocks read them.
        all.linear(1_030, 33, 258);
        all.normed(7, 40, 33);
        all.normed(70, 384, 40);
        all.normed(1_030, 33, 34);
        all.sliced(1, 40, 1);
        all.sliced(7, 40, 8, 16, 5);
        // Slices that stay in float32 beside a whole matrix that does not.
        all.sliced(40, 40, 20, 30);
        all.sliced(70, 65, 32, 80, 64);
        all.sliced(130, 64, 96, 96, 96, 96);
        all.activated(1, 40, Activation.SILU, true, 1);
        all.activated(7, 40, Activation.GELU, true, 8, 16, 5);
        all.activated(70, 65, Activation.SILU, true, 32, 80, 64);
        all.activated(130, 64, Activation.GELU_TANH, true, 96, 96);
        all.activated(7, 40, Activation.RELU, true, 8, 16, 5);
        all.activated(70, 64, Activation.SILU, false, 32, 80);
        all.activated(7, 40, Activation.GELU_TANH, false, 33);
        all.activated(7, 40, Activation.RELU, false, 40, 40);
        all.slicesAlone(7, 72, 64, 64);
        all.slicesAlone(70, 72, 32, 77, 35);
        all.slicesAlone(7, 40, 8, 16, 5);
        all.routed(1, 1, 1);
        all.routed(1, 1, 2);
        all.routed(7, 5, 2);
        all.routed(300, 40, 5);
        all.dots(1, 1, 1);
        all.dots(9, 33, 17);
        all.gradients(1, 1, 1);
        all.gradients(70, 33, 65);
        return all.cases;
    }

    /** By how much the factors of a sum of so many products are smaller, for a sum of size 1. */
    private static Tensor weights(Side s, int inputs, int outputs) {
        float most = (float) Math.sqrt(3.0 / inputs);
        return s.between(-most, most, inputs, outputs);
    }

    private void linear(int rows, int inputs, int outputs) {
        cases.add(new Case("linear " + Case.shape(rows, inputs) + " to " + outputs, bound, s -> {
            Tensor x = s.random(rows, inputs);
            var packed = s.packed(weights(s, inputs, outputs), false);
            Tensor bias = s.random(1, outputs);
            Tensor residual = s.random(rows, outputs);
            s.stream().linear(x, packed, null, false, null, s.untouched(rows, outputs));
            s.stream().linear(x, packed, bias, true, null, s.untouched(rows, outputs));
            s.stream().linear(x, packed, bias, false, residual, residual);
            Tensor turned = weights(s, outputs, inputs);
            s.stream().linear(residual, s.packed(turned, false), null, true, x, s.untouched(rows, inputs));
            s.stream().linear(x, s.packed(turned, true), bias, true, residual, s.untouched(rows, outputs));
        }));
    }

    /** Two products of rows that a layer norm has left for them. */
    private void normed(int rows, int inputs, int outputs) {
        cases.add(new Case("layerNorm and linear " + Case.shape(rows, inputs) + " to " + outputs, bound, s -> {
            Tensor x = s.random(rows, inputs);
            Tensor gamma = s.random(1, inputs);
            Tensor beta = s.random(1, inputs);
            var packed = s.packed(weights(s, inputs, outputs), false);
            Tensor residual = s.random(rows, outputs);
            Tensor y = s.untouched(rows, outputs);
            LayerNorms.forward(s.stream(), x, gamma, beta, 1e-5f, x, null);
            s.stream().linear(x, packed, null, false, residual, y);
            s.stream().linear(x, packed, null, true, residual, residual);
        }));
    }

    /** Rows use some slices, none, or, with a learner more than there are slices, the whole matrix. */
    private void sliced(int rows, int inputs, int... sizes) {
        int total = Arrays.stream(sizes).sum();
        String of = " " + Case.shape(rows, inputs) + " in slices of " + Arrays.toString(sizes);
        cases.add(new Case("linearSlices and sumSlices" + of, bound, s -> {
            // The whole matrices have an input or output more, as a learner without slices would give them.
            var outputs = outputs(s, weights(s, inputs, total), sizes);
            var allOutputs = outputs(s, weights(s, inputs, total + 1), total + 1);
            var inputsOf = inputs(s, weights(s, total, inputs), sizes);
            var allInputs = inputs(s, weights(s, total + 1, inputs), total + 1);
            Tensor x = s.random(rows, inputs);
            Tensor rest = s.random(1, total + 3);
            Tensor none = s.random(1, inputs);
            Routing routing = given(s, rows, sizes.length + 1);
            Tensor y = s.random(rows, total + 3);
            s.stream().linearSlices(x, routing, allOutputs, outputs, rest, y);
            s.stream().sumSlices(y, routing, allInputs, inputsOf, none, null, s.untouched(rows, inputs));
            s.stream().sumSlices(y, routing, allInputs, inputsOf, none, x, x);
        }));
        cases.add(new Case("mlp" + of, bound, s -> {
            var slices = new MlpSlices(
                    outputs(s, weights(s, inputs, total), sizes), inputs(s, weights(s, total, inputs), sizes));
            int[] one = {total};
            var dense = new MlpSlices(
                    outputs(s, weights(s, inputs, total), one), inputs(s, weights(s, total, inputs), one));
            Tensor x = s.random(rows, inputs);
            Tensor none = s.random(1, inputs);
            Routing routing = given(s, rows, sizes.length + 1);
            Tensor y = s.untouched(rows, inputs);
            s.stream().mlp(x, routing, dense, slices, none, x, s.workspace(), y);
            s.stream().mlp(x, routing, dense, slices, none, null, s.workspace(), s.untouched(rows, inputs));
            s.stream().mlp(x, slices, null, s.workspace(), s.untouched(rows, inputs));
            s.stream().mlp(x, dense, y, s.workspace(), y);
        }));
    }

    /** As the MLPs of {@link #sliced}, with something else between the products than GELU. */
    private void activated(int rows, int inputs, Activation activation, boolean gated, int... sizes) {
        int total = Arrays.stream(sizes).sum();
        String name = "mlp with " + (gated ? "gates through " : "") + activation + " " + Case.shape(rows, inputs)
                + " in slices of " + Arrays.toString(sizes);
        // A gated MLP has three products, two of which are multiplied.
        cases.add(new Case(name, gated ? 2 * bound : bound, s -> {
            var slices = activated(s, inputs, activation, gated, sizes);
            var dense = activated(s, inputs, activation, gated, total + 1);
            Tensor x = s.random(rows, inputs);
            Tensor none = s.random(1, inputs);
            Routing routing = given(s, rows, sizes.length + 1);
            Tensor y = s.untouched(rows, inputs);
            s.stream().mlp(x, routing, dense, slices, none, x, s.workspace(), y);
            s.stream().mlp(x, routing, dense, slices, none, null, s.workspace(), s.untouched(rows, inputs));
            s.stream().mlp(x, slices, null, s.workspace(), s.untouched(rows, inputs));
            s.stream().mlp(x, dense, y, s.workspace(), y);
        }));
    }

    static MlpSlices activated(Side s, int inputs, Activation activation, boolean gated, int... sizes) {
        int total = Arrays.stream(sizes).sum();
        int each = gated ? 2 : 1;
        int[] columns = Arrays.stream(sizes).map(size -> each * size).toArray();
        return new MlpSlices(
                outputs(s, weights(s, inputs, each * total), columns),
                inputs(s, weights(s, total, inputs), sizes),
                activation,
                gated);
    }

    /** Slices as matrices of their own. */
    private void slicesAlone(int rows, int inputs, int... sizes) {
        int total = Arrays.stream(sizes).sum();
        String of = " " + Case.shape(rows, inputs) + " by slices of " + Arrays.toString(sizes);
        cases.add(new Case("linear" + of, bound, s -> {
            var outputs = outputs(s, weights(s, inputs, total), sizes);
            var inputsOf = inputs(s, weights(s, total, inputs), sizes);
            Tensor x = s.random(rows, inputs);
            for (int n = 0; n < sizes.length; n++) {
                Tensor units = s.untouched(rows, sizes[n]);
                s.stream().linear(x, outputs.weights().get(n), outputs.biases().get(n), false, null, units);
                Tensor in = s.random(rows, sizes[n]);
                s.stream()
                        .linear(in, inputsOf.weights().get(n), inputsOf.biases().get(n), false, x, x);
            }
        }));
    }

    private static OutputSlices outputs(Side s, Tensor weight, int... sizes) {
        Tensor bias = s.random(1, weight.columns());
        var biases = new ArrayList<Tensor>();
        int at = 0;
        for (int size : sizes) {
            biases.add(bias.part(at, size));
            at += size;
        }
        return new OutputSlices(s.slices(weight, sizes, true), biases);
    }

    private static InputSlices inputs(Side s, Tensor weight, int... sizes) {
        var biases = new ArrayList<Tensor>();
        for (int n = 0; n < sizes.length; n++) {
            biases.add(s.random(1, weight.columns()));
        }
        return new InputSlices(s.slices(weight, sizes, false), biases);
    }

    /** Each row gets from none to all learners. */
    private static Routing given(Side s, int rows, int learners) {
        Routing routing = s.stream().routing();
        routing.begin(rows, learners);
        int[] counts = s.integers(rows, learners + 1);
        for (int row = 0; row < rows; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        return routing;
    }

    /** A gate that chooses for all rows, for some, and for none; what the host changes counts. Gates are float32 always. */
    private void routed(int rows, int columns, int learners) {
        cases.add(new Case("gate of " + Case.shape(rows, columns) + " for " + learners + " learners", 1e-5, s -> {
            var choices = new int[learners];
            Arrays.setAll(choices, i -> i + 1);
            Tensor weight = gate(s, learners, columns);
            Tensor x = s.random(rows, columns);
            int[] slices = IntStream.range(0, learners - 1).map(n -> n + 1).toArray();
            int most = Math.max(learners, Arrays.stream(slices).sum());
            var whole = outputs(s, weights(s, columns, most), most);
            Routing routing = s.stream().routing();
            for (int kind = 0; kind < 4; kind++) {
                routing.begin(rows, learners);
                int asked = kind == 0 ? rows : kind == 1 ? rows / 3 : kind == 2 ? 2 * rows / 3 : 0;
                routing.ask(0, asked / 2, s.gaussian(learners));
                routing.ask(asked / 2, asked - asked / 2, s.gaussian(learners));
                routing.give(asked, rows - asked, kind == 2 ? learners : learners / 2);
                routing.decide(x, weight, choices, s.workspace(), s.untouched(rows, learners));
                if (kind == 2) {
                    routing.counts()[rows - 1] = 0;
                    routing.changed();
                }
                routing.sort();
                // Which rows are which shows in what becomes of them.
                if (learners > 1) {
                    var partly =
                            outputs(s, weights(s, columns, Arrays.stream(slices).sum()), slices);
                    s.stream().linearSlices(x, routing, whole, partly, s.random(1, most), s.untouched(rows, most));
                }
                for (int row = 0; row < rows; row++) {
                    s.tell(routing.counts()[row]);
                }
            }
        }));
    }

    private static Tensor gate(Side s, int outputs, int columns) {
        int rows = Math.ceilDiv(outputs, RowOps.DOTS_GROUP) * RowOps.DOTS_GROUP;
        float[] values = Arrays.copyOf(s.gaussian(outputs * columns), rows * columns);
        return s.of(rows, columns, values);
    }

    private void dots(int rows, int columns, int outputs) {
        cases.add(new Case(
                "dots of " + Case.shape(rows, columns) + " to " + outputs,
                1e-5,
                s -> s.stream()
                        .dots(
                                s.random(rows, columns),
                                gate(s, outputs, columns),
                                s.random(1, outputs),
                                s.untouched(rows, outputs))));
    }

    private void gradients(int rows, int inputs, int outputs) {
        cases.add(new Case(
                "weightGradient of " + Case.shape(rows, inputs) + " to " + outputs,
                1e-5,
                s -> s.stream()
                        .weightGradient(
                                s.random(rows, inputs),
                                s.random(rows, outputs),
                                s.workspace(),
                                s.random(inputs, outputs))));
    }
}
