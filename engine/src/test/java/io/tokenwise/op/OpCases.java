package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.norm.LayerNorm;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.OnEngine;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * All operations, at tiny shapes and at those of real models: each is in a list of one of the classes of cases here, and so in every suite: against doubles, libtorch and finite
 * differences, on each CPU backend, on a device, in every order of its threads, and timed ({@link OpsSpeed}).
 */
public final class OpCases {
    private static final float EPSILON = 1e-5f;
    private static final float TEMPERATURE = 0.8f;

    private OpCases() {}

    public static List<OpCase> tiny() {
        return Stream.of(
                        tinyOfBert(),
                        onCpuOnly(EncoderOpCases.tiny()),
                        ForwardCases.all(),
                        InPlaceCases.all(),
                        SoundCases.all(),
                        LossCases.all())
                .flatMap(List::stream)
                .toList();
    }

    static List<OpCase> real() {
        return Stream.of(realOfBert(), onCpuOnly(EncoderOpCases.real()))
                .flatMap(List::stream)
                .toList();
    }

    /** Of inference, which has a kernel of its own where a device multiplies in bfloat16; of not so many tokens as take long there. */
    public static List<OpCase> attentionOnTensorCores() {
        return Stream.of(tiny(), real())
                .flatMap(List::stream)
                .filter(op -> op.name().startsWith("attention ") && op.onDevice())
                .filter(op -> op.operands().getFirst().rows() <= 130)
                .toList();
    }

    /** No device has what encoders after BERT need, but GELU and sums of embeddings. */
    private static List<OpCase> onCpuOnly(List<OpCase> cases) {
        return cases.stream()
                .map(op -> op.name().matches("(GELU \\[|embeddingSum ).*") ? op : op.onCpuOnly())
                .toList();
    }

    /** One value to 17, primes among them, so that every remainder of a vector's width occurs. */
    private static List<OpCase> tinyOfBert() {
        var cases = new ArrayList<OpCase>();
        int[][] shapes = {{1, 1, 1}, {2, 3, 5}, {5, 1, 7}, {1, 17, 2}, {7, 11, 13}, {17, 16, 17}};
        for (int[] s : shapes) {
            cases.addAll(linear(s[0], s[1], s[2]));
            cases.addAll(rows(s[0], s[1] + 1));
            cases.add(choose(s[0], s[1] + 1));
            cases.add(scaleBlocks(s[0], s[1], s[2]));
            cases.add(scaleUnits(s[0], s[1], s[2]));
            cases.addAll(SequenceCases.sequences(lengths(s[0]), s[2], 13));
            cases.addAll(SequenceCases.withFirst(s[0], 2 + s[1], s[2]));
            cases.add(SequenceCases.takeRows(s[0], s[1], s[2]));
            cases.add(SequenceCases.attention(lengths(s[0]), 1 + s[2] % 3, s[1]));
            cases.add(SpeechOpCases.rotate(batch(lengths(s[0]), 1), 1 + s[2] % 3, 4 + s[1]));
            cases.add(SpeechOpCases.gatedSilu(s[0], s[1], s[2]));
            cases.add(SpeechOpCases.linearTransposed(s[0], s[1], s[2]));
            cases.add(SpeechOpCases.attend(batch(lengths(s[0]), 1), longer(lengths(s[0]), s[2]), 1 + s[2] % 3, s[1]));
            cases.add(SpeechOpCases.attendCausally(batch(lengths(s[0]), 1), 1 + s[2] % 3, s[1]));
        }
        return cases;
    }

    /** MiniLM's shapes: hidden 384, MLP 1,536, 12 heads of 32; and what devices compute in blocks of other sizes. */
    private static List<OpCase> realOfBert() {
        var cases = new ArrayList<OpCase>(rows(5, 129));
        cases.addAll(rows(2, 1537));
        cases.add(SequenceCases.attention(lengths(70), 4, 64));
        cases.add(SequenceCases.attention(lengths(66), 1, 96));
        cases.add(SequenceCases.attention(lengths(40), 2, 128));
        for (int tokens : new int[] {7, 128, 300}) {
            cases.addAll(linear(tokens, 384, 1536));
            cases.addAll(linear(tokens, 1536, 384));
            cases.addAll(linear(tokens, 384, 1152));
            cases.addAll(rows(tokens, 384));
            cases.addAll(rows(tokens, 1536));
            cases.add(choose(tokens, 9));
            cases.add(scaleBlocks(tokens, 8, 192));
            cases.add(scaleUnits(tokens, 144, 8));
            cases.addAll(SequenceCases.sequences(lengths(tokens), 384, 1000));
            cases.addAll(SequenceCases.withFirst(3, tokens, 384));
            cases.add(SequenceCases.takeRows(tokens, tokens / 2, 384));
            cases.add(SequenceCases.attention(lengths(tokens), 12, 32));
            cases.add(SpeechOpCases.rotate(batch(lengths(tokens), 1), 8, 36));
            cases.add(SpeechOpCases.gatedSilu(tokens, 2, 288));
            cases.add(SpeechOpCases.linearTransposed(tokens, 288, 1000));
            cases.add(SpeechOpCases.attend(batch(lengths(tokens), 1), longer(lengths(tokens), 41), 8, 36));
            cases.add(SpeechOpCases.attendCausally(batch(lengths(tokens), 1), 8, 36));
        }
        return cases;
    }

    /** 300 becomes 150, 75, 38, .. 1: sequences of all sizes. */
    static int[] lengths(int tokens) {
        var lengths = new ArrayList<Integer>();
        for (int left = tokens; left > 0; left -= lengths.getLast()) {
            lengths.add((left + 1) / 2);
        }
        return lengths.stream().mapToInt(Integer::intValue).toArray();
    }

    static List<OpCase> linear(int rows, int inputs, int outputs) {
        Operand x = Operand.tensor(rows, inputs);
        Operand w = Operand.parameter(inputs, outputs);
        Operand b = Operand.parameter(1, outputs);
        Operand residual = Operand.tensor(rows, outputs);
        int longest = Math.max(Math.max(inputs, outputs), rows);
        return List.of(
                op(
                        "linear " + x + w,
                        List.of(x, w, b),
                        longest,
                        (pass, o) -> Linears.of(pass, o.tensor(0), o.weight(1), o.parameter(2), false, null),
                        m -> Reference.linear(m.get(0), m.get(1), m.get(2)),
                        t -> t.get(0).matMul(t.get(1)).add(t.get(2))),
                op(
                        "linear without bias, with residual " + x + w,
                        List.of(x, w, residual),
                        longest,
                        (pass, o) -> Linears.of(pass, o.tensor(0), o.weight(1), null, false, o.tensor(2)),
                        m -> Reference.linear(m.get(0), m.get(1), null).plus(1, m.get(2)),
                        t -> t.get(0).matMul(t.get(1)).add(t.get(2))),
                op(
                        "linear with gelu " + x + w,
                        List.of(x, w, b),
                        longest,
                        (pass, o) -> Linears.of(pass, o.tensor(0), o.weight(1), o.parameter(2), true, null),
                        m -> Reference.gelu(Reference.linear(m.get(0), m.get(1), m.get(2))),
                        t -> Activation.gelu(t.get(0).matMul(t.get(1)).add(t.get(2)))));
    }

    private static List<OpCase> rows(int rows, int columns) {
        Operand x = Operand.tensor(rows, columns);
        Operand vector = Operand.parameter(1, columns);
        int longest = Math.max(rows, columns);
        var cases = new ArrayList<OpCase>();
        cases.add(op(
                "gelu " + x,
                List.of(x.times(4)),
                4,
                (pass, o) -> Activations.gelu(pass, o.tensor(0)),
                m -> Reference.gelu(m.get(0)),
                t -> Activation.gelu(t.get(0))));
        cases.add(op(
                "add " + x,
                List.of(x, x),
                1,
                (pass, o) -> Sums.of(pass, o.tensor(0), o.tensor(1)),
                m -> m.get(0).plus(1, m.get(1)),
                t -> t.get(0).add(t.get(1))));
        cases.add(op(
                "add to itself " + x,
                List.of(x),
                1,
                (pass, o) -> Sums.of(pass, o.tensor(0), o.tensor(0)),
                m -> m.get(0).plus(1, m.get(0)),
                t -> t.get(0).add(t.get(0))));
        cases.add(op(
                "layerNorm " + x,
                List.of(x, vector, vector),
                longest,
                (pass, o) -> {
                    Tensor y = pass.tensor(rows, columns);
                    LayerNorms.of(pass, o.tensor(0), o.parameter(1), o.parameter(2), EPSILON, y);
                    return y;
                },
                m -> Reference.layerNorm(m.get(0), m.get(1), m.get(2), EPSILON),
                t -> LayerNorm.layerNorm(
                                t.get(0),
                                new Shape(columns),
                                t.get(1).flatten(),
                                t.get(2).flatten(),
                                EPSILON)
                        .singletonOrThrow()));
        cases.add(op(
                "softmax " + x,
                List.of(x.times(12)),
                12 * longest,
                (pass, o) -> Softmaxes.of(pass, o.tensor(0)),
                m -> Reference.softmax(m.get(0)),
                t -> t.get(0).softmax(-1)));
        cases.add(op(
                "l2Normalize " + x,
                List.of(x),
                longest,
                (pass, o) -> Lengths.of(pass, o.tensor(0)),
                m -> Reference.l2Normalize(m.get(0)),
                t -> t.get(0).div(t.get(0).square().sum(new int[] {1}, true).sqrt())));
        return cases;
    }

    private static OpCase choose(int rows, int counts) {
        Operand logits = Operand.tensor(rows, counts);
        Operand noise = Operand.constant(rows, counts);
        return new OpCase(
                "choose " + logits,
                List.of(logits, noise),
                counts,
                (pass, o) -> Choices.of(pass, o.tensor(0), o.tensor(1), TEMPERATURE),
                m -> Reference.choose(m.get(0), m.get(1)),
                m -> Reference.softChoice(m.get(0), m.get(1), TEMPERATURE),
                t -> straightThrough(t, counts),
                true);
    }

    /** As it is written in PyTorch: the hard choice forward, the soft one backward. */
    private static NDArray straightThrough(NDList t, int counts) {
        NDArray sum = t.get(0).add(t.get(1));
        NDArray above = t.get(0).getManager().zeros(new Shape(counts, counts - 1));
        for (int count = 0; count < counts; count++) {
            for (int n = 0; n < count; n++) {
                above.setScalar(new NDIndex(count, n), 1);
            }
        }
        NDArray soft =
                EncoderOpCases.times(sum, 1 / (double) TEMPERATURE).softmax(-1).matMul(above);
        NDArray hard =
                sum.argMax(-1).oneHot(counts).toType(DataType.FLOAT32, false).matMul(above);
        return soft.add(hard.sub(soft).stopGradient());
    }

    private static OpCase scaleBlocks(int rows, int blocks, int width) {
        Operand x = Operand.tensor(rows, blocks * width);
        Operand scale = Operand.tensor(rows, blocks);
        return op(
                "scaleBlocks " + x + scale,
                List.of(x, scale),
                width,
                (pass, o) -> Scales.blocks(pass, o.tensor(0), o.tensor(1)),
                m -> Reference.scaleBlocks(m.get(0), m.get(1)),
                t -> t.get(0)
                        .reshape(rows, blocks, width)
                        .mul(t.get(1).reshape(rows, blocks, 1))
                        .reshape(rows, blocks * width));
    }

    /** Three factors, in no order, and units without one. */
    private static OpCase scaleUnits(int rows, int units, int width) {
        Operand x = Operand.tensor(rows, units * width);
        Operand scale = Operand.tensor(rows, 3);
        var random = new SplittableRandom(units);
        int[] places = random.ints(units, -1, 3).toArray();
        return op(
                "scaleUnits " + x + scale,
                List.of(x, scale),
                Math.max(rows, units * width),
                (pass, o) -> Scales.units(pass, o.tensor(0), o.tensor(1), places),
                m -> Reference.scaleUnits(m.get(0), m.get(1), places),
                t -> scaleUnits(t, places, rows, width));
    }

    private static NDArray scaleUnits(NDList t, int[] places, int rows, int width) {
        NDArray factors = t.get(0).getManager().ones(new Shape(rows, 1)).concat(t.get(1), 1);
        var columns = new NDList();
        for (int place : places) {
            columns.add(factors.get(new NDIndex(":, {}:{}", place + 1, place + 2)));
        }
        return t.get(0)
                .reshape(rows, places.length, width)
                .mul(NDArrays.concat(columns, 1).reshape(rows, places.length, 1))
                .reshape(rows, (long) places.length * width);
    }

    /** As many sequences, all longer. */
    private static TokenBatch longer(int[] lengths, int by) {
        return batch(IntStream.of(lengths).map(length -> length + by).toArray(), 1);
    }

    static TokenBatch batch(int[] lengths, int vocabulary) {
        var random = new SplittableRandom(3);
        return TokenBatch.of(IntStream.of(lengths)
                .mapToObj(length -> random.ints(length, 0, vocabulary).toArray())
                .toArray(int[][]::new));
    }

    static OpCase op(
            String name,
            List<Operand> operands,
            int longestSum,
            OnEngine engine,
            Function<List<Matrix>, Matrix> reference,
            Function<NDList, NDArray> torch) {
        return new OpCase(name, operands, longestSum, engine, reference, reference, torch, true);
    }
}
