package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.kernels.Activation;
import io.tokenwise.kernels.RowParts;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.FormedAttentionCases.Shape;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The differentiable operations that encoders after BERT have besides its own, and those of speech that no device has yet. */
final class EncoderOpCases {
    private static final float EPSILON = 1e-3f;
    private static final int ALL = Integer.MAX_VALUE;
    private static final Activation[] OTHERS = {Activation.GELU, Activation.GELU_TANH, Activation.RELU};

    private EncoderOpCases() {}

    /** One value to 17, primes among them. */
    static List<OpCase> tiny() {
        var cases = new ArrayList<OpCase>();
        int[][] shapes = {{1, 1, 1}, {2, 3, 5}, {5, 1, 7}, {1, 17, 2}, {7, 11, 13}, {17, 16, 17}};
        for (int[] s : shapes) {
            cases.addAll(norms(s[0], s[1], s[2]));
            cases.addAll(gates(s[0], s[1], s[2]));
            TokenBatch batch = OpCases.batch(OpCases.lengths(s[0]), 13);
            cases.addAll(sequences(batch, s[2]));
            cases.add(rotateHalves(batch, 1 + s[2] % 3, 2 + s[1]));
            int key = 1 + s[2] % 2;
            cases.add(FormedAttentionCases.of(
                    batch, new Shape(key * (1 + s[1] % 3), key, s[1], 1 + s[0] % 3, s[2] % 4, s[0] % 2)));
            cases.add(FormedAttentionCases.of(batch, new Shape(2, 2, s[1], ALL, 0, 2)));
            cases.add(FormedAttentionCases.ofFirst(batch, new Shape(2 * key, key, s[1], s[0] % 3, s[2] % 4, s[0] % 2)));
            cases.add(FormedAttentionCases.positioned(batch, key, s[1], 1 + s[0] % 4));
            TokenBatch staying = staying(OpCases.lengths(s[0]));
            cases.add(FormedAttentionCases.positioned(staying, 2, s[1], 30));
            cases.add(rotateHalves(staying, 1 + s[2] % 3, 2 + s[1]));
            cases.add(FormedAttentionCases.of(
                    staying, new Shape(key, key, s[1], 1 + s[0] % 3, s[2] % 4, 3 * (s[0] % 2))));
            cases.add(FormedAttentionCases.of(staying, new Shape(2, 1, s[1], ALL, 0, 2)));
            cases.add(SpeechOpCases.windows(new int[] {s[0], 1, s[1]}, s[2], 3, 1 + s[1] % 4));
            cases.add(SpeechOpCases.groupedConvolution(batch, 1 + s[1] % 3, 1 + s[2] % 4, 1 + s[0]));
        }
        return cases;
    }

    static List<OpCase> real() {
        var cases = new ArrayList<OpCase>();
        for (int tokens : new int[] {7, 128, 300}) {
            cases.addAll(norms(tokens, 6, 64));
            cases.addAll(gates(tokens, 1, 1152));
            TokenBatch batch = OpCases.batch(OpCases.lengths(tokens), 1000);
            cases.addAll(sequences(batch, 384));
            cases.add(rotateHalves(batch, 12, 64));
            cases.add(FormedAttentionCases.of(batch, new Shape(12, 12, 64, 64, 64, 0)));
            cases.add(FormedAttentionCases.of(batch, new Shape(6, 2, 64, ALL, 0, 0)));
            cases.add(FormedAttentionCases.ofFirst(batch, new Shape(12, 12, 64, 64, 64, 0)));
            cases.add(FormedAttentionCases.of(batch, new Shape(3, 3, 32, ALL, ALL, 128)));
            cases.add(FormedAttentionCases.positioned(batch, 3, 64, 40));
            TokenBatch staying = staying(OpCases.lengths(tokens));
            cases.add(rotateHalves(staying, 12, 64));
            cases.add(FormedAttentionCases.of(staying, new Shape(12, 12, 64, 64, 64, 0)));
            cases.add(FormedAttentionCases.of(staying, new Shape(3, 3, 32, ALL, ALL, 128)));
            cases.add(SpeechOpCases.windows(new int[] {tokens, 1, 40}, 48, 8, 4));
            cases.add(SpeechOpCases.groupedConvolution(batch, 4, 12, 128));
        }
        return cases;
    }

    /** Texts of which other tokens have left, now one, now two in a row. */
    private static TokenBatch staying(int... lengths) {
        var batch = new TokenBatch();
        for (int length : lengths) {
            int[] rows =
                    IntStream.range(0, length).map(i -> 9 + i + i / 3 + i / 4).toArray();
            batch.addRows(rows, 0, length, 9);
        }
        return batch;
    }

    private static List<OpCase> norms(int rows, int heads, int size) {
        int columns = heads * size;
        Operand x = Operand.tensor(rows, columns);
        // One head before them, one behind.
        Operand wide = Operand.tensor(rows, columns + 2 * size);
        var parts = new RowParts(columns + 2 * size, size, heads, size);
        int longest = rows * heads + columns;
        return List.of(
                OpCases.op(
                        "rmsNorm " + x,
                        List.of(x, Operand.parameter(1, columns)),
                        longest,
                        (pass, o) -> {
                            Tensor y = pass.tensor(rows, columns);
                            RmsNorms.to(pass, o.tensor(0), RowParts.whole(columns), o.parameter(1), 0, EPSILON, y);
                            return y;
                        },
                        m -> norm(m.get(0), RowParts.whole(columns), m.get(1), 0),
                        t -> norm(t.get(0)).mul(t.get(1))),
                OpCases.op(
                        "rmsNorm of heads " + wide,
                        List.of(wide, Operand.parameter(1, size)),
                        longest,
                        (pass, o) -> RmsNorms.of(pass, o.tensor(0), parts, o.parameter(1), 1, EPSILON),
                        m -> norm(m.get(0), parts, m.get(1), 1),
                        t -> headNorm(t, rows, heads, size)));
    }

    private static Matrix norm(Matrix x, RowParts parts, Matrix gain, double plus) {
        Matrix y = x.plus(0, x);
        for (int row = 0; row < x.rows(); row++) {
            for (int part = 0; part < parts.parts(); part++) {
                int first = parts.first() + part * parts.columns();
                double squares = 0;
                for (int c = first; c < first + parts.columns(); c++) {
                    squares += x.get(row, c) * x.get(row, c);
                }
                double root = Math.sqrt(squares / parts.columns() + EPSILON);
                for (int c = 0; c < parts.columns(); c++) {
                    y.set(row, first + c, x.get(row, first + c) / root * (gain.get(0, c) + plus));
                }
            }
        }
        return y;
    }

    private static NDArray norm(NDArray x) {
        return x.div(x.square().mean(new int[] {-1}, true).add(EPSILON).sqrt());
    }

    private static NDArray headNorm(NDList t, int rows, int heads, int size) {
        NDArray parts = t.get(0).reshape(rows, heads + 2L, size);
        NDArray normed =
                norm(parts.get(new NDIndex(":, 1:{}", heads + 1))).mul(t.get(1).add(1));
        return NDArrays.concat(
                        new NDList(
                                parts.get(new NDIndex(":, 0:1")), normed, parts.get(new NDIndex(":, {}:", heads + 1))),
                        1)
                .reshape(rows, (heads + 2L) * size);
    }

    private static List<OpCase> gates(int rows, int blocks, int units) {
        var cases = new ArrayList<OpCase>();
        for (Activation activation : Activation.values()) {
            Operand x = Operand.tensor(rows, blocks * units);
            cases.add(OpCases.op(
                    activation + " " + x,
                    List.of(x),
                    2,
                    (pass, o) -> Activations.of(pass, o.tensor(0), activation),
                    m -> Matrix.fill(
                            rows,
                            blocks * units,
                            i -> value(activation, m.getFirst().values()[i])),
                    t -> value(activation, t.getFirst())));
        }
        for (Activation gate : OTHERS) {
            Operand x = Operand.tensor(rows, blocks * 2 * units);
            cases.add(OpCases.op(
                    "gated by " + gate + " " + x + " by " + units,
                    List.of(x),
                    2,
                    (pass, o) -> GatedUnits.of(pass, o.tensor(0), gate, units),
                    m -> Matrix.fill(rows, blocks * units, i -> {
                        int up = i / units * 2 * units + i % units;
                        double[] values = m.getFirst().values();
                        return values[up] * value(gate, values[up + units]);
                    }),
                    t -> {
                        NDArray both = t.getFirst().reshape((long) rows * blocks, 2, units);
                        return both.get(new NDIndex(":, 0"))
                                .mul(value(gate, both.get(new NDIndex(":, 1"))))
                                .reshape(rows, (long) blocks * units);
                    }));
        }
        return cases;
    }

    private static List<OpCase> sequences(TokenBatch batch, int columns) {
        int tokens = batch.tokens();
        Operand x = Operand.tensor(tokens, columns);
        int[] typed = IntStream.range(0, tokens)
                .map(t -> batch.inputs()[t] | t % 3 << SequenceOps.TYPE_SHIFT)
                .toArray();
        int words = 1 + IntStream.of(batch.inputs()).limit(tokens).max().orElseThrow();
        return List.of(
                embeddingSum("embeddingSum of types, scaled, from position 2 " + x, batch, typed, words, columns),
                embeddingSum("embeddingSum scaled, from position 2 " + x, batch, batch.inputs(), words, columns),
                OpCases.op(
                        "embeddingSum of words alone " + x,
                        List.of(Operand.parameter(words, columns)),
                        tokens,
                        (pass, o) -> EmbeddingSums.of(
                                pass,
                                typed,
                                batch.offsets(),
                                batch.sequences(),
                                o.parameter(0),
                                null,
                                null,
                                EmbeddingSums.Form.PLAIN),
                        m -> Matrix.fill(tokens, columns, i -> m.get(0).get(batch.inputs()[i / columns], i % columns)),
                        t -> rows(t.get(0), batch.inputs(), tokens)),
                OpCases.op(
                        "lastPool " + x,
                        List.of(x),
                        1,
                        (pass, o) -> Pools.last(pass, o.tensor(0), batch.offsets(), batch.sequences()),
                        m -> Matrix.fill(
                                batch.sequences(),
                                columns,
                                i -> m.get(0).get(batch.offsets()[i / columns + 1] - 1, i % columns)),
                        t -> rows(
                                t.get(0),
                                IntStream.rangeClosed(1, batch.sequences())
                                        .map(i -> batch.offsets()[i] - 1)
                                        .toArray(),
                                batch.sequences())));
    }

    private static OpCase embeddingSum(String name, TokenBatch batch, int[] ids, int words, int columns) {
        int tokens = batch.tokens();
        var form = new EmbeddingSums.Form(3.5f, 2);
        int[] positions =
                IntStream.range(0, tokens).map(t -> position(batch, t) + 2).toArray();
        int[] types = IntStream.of(ids).map(id -> id >>> SequenceOps.TYPE_SHIFT).toArray();
        return OpCases.op(
                name,
                List.of(
                        Operand.parameter(words, columns),
                        Operand.parameter(batch.length(0) + 3, columns),
                        Operand.parameter(3, columns)),
                16 * tokens,
                (pass, o) -> EmbeddingSums.of(
                        pass,
                        ids,
                        batch.offsets(),
                        batch.sequences(),
                        o.parameter(0),
                        o.parameter(1),
                        o.parameter(2),
                        form),
                m -> Matrix.fill(tokens, columns, i -> {
                    int t = i / columns;
                    int c = i % columns;
                    return 3.5 * m.get(0).get(batch.inputs()[t], c)
                            + m.get(1).get(positions[t], c)
                            + m.get(2).get(types[t], c);
                }),
                t -> times(rows(t.get(0), batch.inputs(), tokens), 3.5)
                        .add(rows(t.get(1), positions, tokens))
                        .add(rows(t.get(2), types, tokens)));
    }

    static int position(TokenBatch batch, int token) {
        int sequence = 0;
        if (batch.places() != null) {
            return batch.places()[token];
        }
        while (batch.offsets()[sequence + 1] <= token) {
            sequence++;
        }
        return token - batch.offsets()[sequence];
    }

    /** By a product with rows of the unit matrix, whose gradient adds up what is taken twice. */
    private static NDArray rows(NDArray x, int[] rows, int count) {
        float[] taken = new float[Math.toIntExact(count * x.getShape().get(0))];
        for (int i = 0; i < count; i++) {
            taken[Math.toIntExact(i * x.getShape().get(0) + rows[i])] = 1;
        }
        return constant(x, taken, count, Math.toIntExact(x.getShape().get(0))).matMul(x);
    }

    /** By a number that stays: DJL frees the one that {@code mul(Number)}, {@code div} and {@code pow} make at once, and the gradient reads it later. */
    static NDArray times(NDArray x, double factor) {
        return x.mul(constant(x, new float[] {(float) factor}, 1));
    }

    static NDArray constant(NDArray beside, float[] values, long... shape) {
        return beside.getManager().create(values, new ai.djl.ndarray.types.Shape(shape));
    }

    /** The first {@code heads} of one head more are turned, of each all but the last columns. */
    private static OpCase rotateHalves(TokenBatch batch, int heads, int headSize) {
        int rotated = headSize - headSize % 2;
        int half = rotated / 2;
        int columns = (heads + 1) * headSize;
        int most = 2 * batch.tokens();
        double[] factors =
                IntStream.range(0, half).mapToDouble(i -> 1 + i / 4.0).toArray();
        var positions = RotaryPositions.halves(most, headSize, rotated, 100, factors);
        Operand x = Operand.tensor(batch.tokens(), columns);
        return OpCases.op(
                "rotate halves " + x + ", heads " + heads,
                List.of(x),
                2,
                (pass, o) -> {
                    Rotations.of(
                            pass, o.tensor(0), batch.offsets(), batch.sequences(), batch.places(), positions, heads);
                    return o.tensor(0);
                },
                m -> Matrix.fill(batch.tokens(), columns, i -> {
                    int c = i % columns % headSize;
                    int token = i / columns;
                    double own = m.get(0).get(token, i % columns);
                    if (c >= rotated || i % columns >= heads * headSize) {
                        return own;
                    }
                    double angle = angle(position(batch, token), c % half, rotated, factors);
                    double other = m.get(0).get(token, i % columns + (c < half ? half : -half));
                    return own * Math.cos(angle) + (c < half ? -1 : 1) * other * Math.sin(angle);
                }),
                t -> turned(t.get(0), batch, heads, headSize, rotated, factors));
    }

    /** Rounded as transformers does. */
    private static float angle(int position, int pair, int rotated, double[] factors) {
        float frequency = 1 / (float) Math.pow(100, 2 * pair / (float) rotated);
        return position * (frequency * (float) factors[pair]);
    }

    private static NDArray turned(NDArray x, TokenBatch batch, int heads, int headSize, int rotated, double[] factors) {
        int tokens = batch.tokens();
        int half = rotated / 2;
        float[] cosines = new float[tokens * half];
        float[] sines = new float[cosines.length];
        for (int i = 0; i < cosines.length; i++) {
            double angle = angle(position(batch, i / half), i % half, rotated, factors);
            cosines[i] = (float) Math.cos(angle);
            sines[i] = (float) Math.sin(angle);
        }
        NDArray all = x.reshape(tokens, heads + 1L, headSize);
        NDArray turned = all.get(new NDIndex(":, 0:{}", heads));
        NDArray low = turned.get(new NDIndex(":, :, 0:{}", half));
        NDArray high = turned.get(new NDIndex(":, :, {}:{}", half, rotated));
        NDArray rest = turned.get(new NDIndex(":, :, {}:", rotated));
        NDArray cos = constant(x, cosines, tokens, 1, half);
        NDArray sin = constant(x, sines, tokens, 1, half);
        NDList parts = new NDList(low.mul(cos).sub(high.mul(sin)), high.mul(cos).add(low.mul(sin)));
        if (rotated < headSize) {
            parts.add(rest);
        }
        return NDArrays.concat(new NDList(NDArrays.concat(parts, 2), all.get(new NDIndex(":, {}:", heads))), 1)
                .reshape(tokens, (heads + 1L) * headSize);
    }

    private static double value(Activation activation, double x) {
        return switch (activation) {
            case GELU -> x * (1 + Reference.erf(x / Math.sqrt(2))) / 2;
            case GELU_TANH -> x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))) / 2;
            case SILU -> x / (1 + Math.exp(-x));
            case RELU -> Math.max(x, 0);
            case TANH -> Math.tanh(x);
        };
    }

    private static NDArray value(Activation activation, NDArray x) {
        return switch (activation) {
            case GELU -> ai.djl.nn.Activation.gelu(x);
            case GELU_TANH ->
                times(
                        times(times(x.mul(x).mul(x), 0.044715).add(x), Math.sqrt(2 / Math.PI))
                                .tanh()
                                .add(1)
                                .mul(x),
                        0.5);
            case SILU -> x.div(x.neg().exp().add(1));
            case RELU -> ai.djl.nn.Activation.relu(x);
            case TANH -> x.tanh();
        };
    }
}
