package io.tokenwise.bench;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.Routing;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.op.Activations;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Losses;
import io.tokenwise.op.Pools;
import io.tokenwise.op.SelfAttention;
import io.tokenwise.op.Softmaxes;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An operation that {@link CudaChecks} runs on the CPU and the device.
 *
 * @param product whether it multiplies in the backend's precision; the others are float32 in all
 */
record CudaOperation(String name, boolean product, Body body) {
    /** Sequences of one block and more, in no order. */
    private static final int[] OFFSETS = {0, 3, 4, 74, 91, 155, 160};

    private static final int TOKENS = OFFSETS[OFFSETS.length - 1];
    private static final int SEQUENCES = OFFSETS.length - 1;

    /** Gives all that it has written. */
    @FunctionalInterface
    interface Body {
        List<float[]> run(CudaSide side);
    }

    /**
     * Those of inference and of training; every kind of kernel is in one of them.
     *
     * @param quick without products of models' sizes
     */
    static List<CudaOperation> all(boolean quick) {
        var all = new ArrayList<CudaOperation>();
        all.addAll(products());
        if (!quick) {
            all.addAll(productsOfModels());
        }
        all.addAll(values());
        all.addAll(sequences());
        all.addAll(training());
        return all;
    }

    private static List<CudaOperation> products() {
        return List.of(
                linear(1, 384, 384),
                linear(70, 129, 100),
                linear(1_030, 33, 258),
                mlp(70, 64, 96, 96, 96),
                mlp(7, 40, 8, 16, 5),
                slices(70, 65, 32, 80, 64),
                gate(1, 5, 1),
                gate(300, 384, 4));
    }

    private static List<CudaOperation> productsOfModels() {
        return List.of(
                linear(37, 384, 1152),
                linear(130, 384, 1536),
                linear(130, 1536, 384),
                mlp(130, 384, 384, 384, 384),
                slices(130, 384, 96, 96, 96, 96));
    }

    private static CudaOperation linear(int rows, int inputs, int outputs) {
        String name = "linear [%d, %d] to %d".formatted(rows, inputs, outputs);
        return new CudaOperation(name, true, s -> {
            Tensor x = s.random(rows, inputs);
            var weight = s.packed(s.weights(inputs, outputs));
            Tensor bias = s.random(1, outputs);
            Tensor residual = s.random(rows, outputs);
            Tensor plain = s.zeros(rows, outputs);
            Tensor gelu = s.zeros(rows, outputs);
            s.stream().linear(x, weight, null, false, null, plain);
            s.stream().linear(x, weight, bias, true, null, gelu);
            s.stream().linear(x, weight, bias, false, residual, residual);
            return read(s, plain, gelu, residual);
        });
    }

    private static CudaOperation mlp(int rows, int hidden, int... sizes) {
        String name = "mlp of [%d, %d], learners of %s units".formatted(rows, hidden, Arrays.toString(sizes));
        int units = Arrays.stream(sizes).sum();
        return new CudaOperation(name, true, s -> {
            var learners = new MlpSlices(outputs(s, hidden, sizes), inputs(s, hidden, sizes));
            int[] one = {units};
            var dense = new MlpSlices(outputs(s, hidden, one), inputs(s, hidden, one));
            Tensor x = s.random(rows, hidden);
            Routing routing = given(s, rows, sizes.length + 1);
            Tensor y = s.zeros(rows, hidden);
            s.stream().mlp(x, routing, dense, learners, s.random(1, hidden), x, s.workspace(), y);
            return read(s, y);
        });
    }

    private static CudaOperation slices(int rows, int inputs, int... sizes) {
        String name =
                "linearSlices and sumSlices of [%d, %d], slices of %s".formatted(rows, inputs, Arrays.toString(sizes));
        int total = Arrays.stream(sizes).sum();
        return new CudaOperation(name, true, s -> {
            Tensor x = s.random(rows, inputs);
            Routing routing = given(s, rows, sizes.length + 1);
            int[] one = {total};
            Tensor y = s.zeros(rows, total);
            s.stream()
                    .linearSlices(
                            x, routing, outputs(s, inputs, one), outputs(s, inputs, sizes), s.random(1, total), y);
            s.stream()
                    .sumSlices(y, routing, inputs(s, inputs, one), inputs(s, inputs, sizes), s.random(1, inputs), x, x);
            return read(s, y, x);
        });
    }

    private static OutputSlices outputs(CudaSide s, int inputs, int[] sizes) {
        int total = Arrays.stream(sizes).sum();
        Tensor bias = s.random(1, total);
        var biases = new ArrayList<Tensor>();
        int at = 0;
        for (int size : sizes) {
            biases.add(bias.part(at, size));
            at += size;
        }
        return new OutputSlices(s.slices(s.weights(inputs, total), sizes, true), biases);
    }

    private static InputSlices inputs(CudaSide s, int outputs, int[] sizes) {
        int total = Arrays.stream(sizes).sum();
        List<Tensor> biases =
                Arrays.stream(sizes).mapToObj(_ -> s.random(1, outputs)).toList();
        return new InputSlices(s.slices(s.weights(total, outputs), sizes, false), biases);
    }

    /** Each row gets from none to all learners. */
    private static Routing given(CudaSide s, int rows, int learners) {
        Routing routing = s.stream().routing();
        routing.begin(rows, learners);
        int[] counts = s.integers(rows, learners + 1);
        for (int row = 0; row < rows; row++) {
            routing.give(row, 1, counts[row]);
        }
        routing.sort();
        return routing;
    }

    /** A gate chooses the learners of all rows, in float32 always: what it chose must be the same. */
    private static CudaOperation gate(int rows, int columns, int learners) {
        String name = "gate of [%d, %d] for %d learners".formatted(rows, columns, learners);
        return new CudaOperation(name, false, s -> {
            var choices = new int[learners];
            Arrays.setAll(choices, i -> i + 1);
            int padded = Math.ceilDiv(learners, RowOps.DOTS_GROUP) * RowOps.DOTS_GROUP;
            Tensor weight = s.of(padded, columns, Arrays.copyOf(s.gaussian(learners * columns), padded * columns));
            Routing routing = s.stream().routing();
            routing.begin(rows, learners);
            routing.ask(0, rows, s.gaussian(learners));
            Tensor logits = s.zeros(rows, learners);
            routing.decide(s.random(rows, columns), weight, choices, s.workspace(), logits);
            routing.sort();
            var counts = new float[rows];
            for (int row = 0; row < rows; row++) {
                counts[row] = routing.counts()[row];
            }
            return List.of(s.read(logits), counts);
        });
    }

    private static List<CudaOperation> values() {
        return List.of(
                new CudaOperation("gelu", false, s -> {
                    Tensor y = s.zeros(70, 97);
                    Activations.gelu(s.stream(), s.random(70, 97), y);
                    return read(s, y);
                }),
                new CudaOperation("layerNorm", false, s -> {
                    Tensor y = s.zeros(70, 384);
                    LayerNorms.forward(
                            s.stream(), s.random(70, 384), s.random(1, 384), s.random(1, 384), 1e-5f, y, null);
                    return read(s, y);
                }),
                new CudaOperation("softmax", false, s -> {
                    Tensor y = s.zeros(70, 97);
                    Softmaxes.forward(s.stream(), s.random(70, 97), y);
                    return read(s, y);
                }),
                new CudaOperation("l2Normalize", false, s -> {
                    Tensor y = s.zeros(70, 384);
                    Lengths.forward(s.stream(), s.random(70, 384), y, null);
                    return read(s, y);
                }),
                new CudaOperation("gatedSilu", false, s -> {
                    Tensor y = s.zeros(70, 48);
                    GatedUnits.forward(s.stream(), s.random(70, 96), Activation.SILU, 16, y);
                    return read(s, y);
                }));
    }

    private static List<CudaOperation> sequences() {
        return List.of(
                attention("attention, heads of 32", 12, 32),
                attention("attention, heads of 64", 3, 64),
                new CudaOperation("embeddingSum", false, s -> {
                    Tensor y = s.zeros(TOKENS, 97);
                    EmbeddingSums.forward(
                            s.stream(),
                            s.integers(TOKENS, 30),
                            OFFSETS,
                            SEQUENCES,
                            s.random(30, 97),
                            s.random(70, 97),
                            s.random(2, 97),
                            y);
                    return read(s, y);
                }),
                new CudaOperation("meanPool and firstPool", false, s -> {
                    Tensor x = s.random(TOKENS, 97);
                    Tensor mean = s.zeros(SEQUENCES, 97);
                    Tensor first = s.zeros(SEQUENCES, 97);
                    Pools.mean(s.stream(), x, OFFSETS, SEQUENCES, mean);
                    Pools.first(s.stream(), x, OFFSETS, SEQUENCES, first);
                    return read(s, mean, first);
                }));
    }

    private static CudaOperation attention(String name, int heads, int size) {
        return new CudaOperation(name, true, s -> {
            Tensor context = s.zeros(TOKENS, heads * size);
            SelfAttention.forward(
                    s.stream(), s.random(TOKENS, 3 * heads * size), OFFSETS, SEQUENCES, heads, context, null);
            return read(s, context);
        });
    }

    private static List<CudaOperation> training() {
        return List.of(
                new CudaOperation("weightGradient", false, s -> {
                    Tensor gradient = s.random(384, 130);
                    s.stream().weightGradient(s.random(70, 384), s.random(70, 130), s.workspace(), gradient);
                    return read(s, gradient);
                }),
                new CudaOperation("layerNormBackward", false, s -> {
                    Tensor x = s.random(70, 384);
                    Tensor gamma = s.random(1, 384);
                    Tensor statistics = s.zeros(70, 2);
                    Tensor dx = s.zeros(70, 384);
                    LayerNorms.forward(s.stream(), x, gamma, s.random(1, 384), 1e-5f, s.zeros(70, 384), statistics);
                    LayerNorms.backward(s.stream(), x, gamma, statistics, s.random(70, 384), dx);
                    return read(s, statistics, dx);
                }),
                new CudaOperation("attentionBackward", false, s -> {
                    Tensor qkv = s.random(TOKENS, 288);
                    int pairs = new AttendedRows(OFFSETS, OFFSETS, SEQUENCES, 0, 3, false).probabilities();
                    Tensor probabilities = s.zeros(1, pairs);
                    Tensor dQkv = s.zeros(TOKENS, 288);
                    SelfAttention.forward(s.stream(), qkv, OFFSETS, SEQUENCES, 3, s.zeros(TOKENS, 96), probabilities);
                    SelfAttention.backward(
                            s.stream(), qkv, OFFSETS, SEQUENCES, 3, probabilities, s.random(TOKENS, 96), dQkv);
                    return read(s, dQkv);
                }),
                new CudaOperation("cosineDistance and crossEntropy", false, s -> {
                    Tensor y = s.random(70, 97);
                    Tensor dy = s.zeros(70, 97);
                    Tensor dLogits = s.zeros(70, 97);
                    double cosine = Losses.cosineDistance(s.stream(), y, s.random(70, 97), dy);
                    double entropy = Losses.crossEntropy(s.stream(), y, s.integers(70, 97), dLogits);
                    return List.of(
                            new float[] {(float) cosine}, new float[] {(float) entropy}, s.read(dy), s.read(dLogits));
                }));
    }

    private static List<float[]> read(CudaSide side, Tensor... tensors) {
        return Arrays.stream(tensors).map(side::read).toList();
    }
}
