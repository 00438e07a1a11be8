package io.tokenwise.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.tokenwise.autograd.OpCase.Operand;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.GatedUnits;
import io.tokenwise.op.Linears;
import io.tokenwise.op.OtherAttention;
import io.tokenwise.op.Rotations;
import java.util.List;

/** The differentiable operations that only speech models have. */
final class SpeechOpCases {
    private static final double BASE = 10_000;

    private SpeechOpCases() {}

    /** The first {@code heads} of one head more are turned, and of each head all but the last {@code headSize % 2 + 2} columns. */
    static OpCase rotate(TokenBatch batch, int heads, int headSize) {
        int columns = (heads + 1) * headSize;
        int rotated = Math.max(0, headSize - 2 - headSize % 2);
        var positions = new RotaryPositions(batch.tokens(), headSize, rotated, BASE);
        Operand x = Operand.tensor(batch.tokens(), columns);
        return OpCases.op(
                "rotate " + x + " of " + batch.sequences() + ", heads " + heads,
                List.of(x),
                2,
                (pass, o) -> {
                    Rotations.of(pass, o.tensor(0), batch.offsets(), batch.sequences(), batch.places(), positions, heads);
                    return o.tensor(0);
                },
                m -> rotated(m.getFirst(), batch, heads, headSize, rotated),
                t -> rotated(t.getFirst(), batch, heads, headSize, rotated));
    }

    private static Matrix rotated(Matrix x, TokenBatch batch, int heads, int headSize, int rotated) {
        Matrix y = x.plus(0, x);
        for (int s = 0; s < batch.sequences(); s++) {
            for (int p = 0; p < batch.length(s); p++) {
                int row = batch.offsets()[s] + p;
                for (int at = 0; at < heads * headSize; at++) {
                    int column = at % headSize;
                    if (column < rotated) {
                        double angle = angle(p, column, rotated);
                        double sign = column % 2 == 0 ? -1 : 1;
                        y.set(
                                row,
                                at,
                                Math.cos(angle) * x.get(row, at)
                                        + sign * Math.sin(angle) * x.get(row, column % 2 == 0 ? at + 1 : at - 1));
                    }
                }
            }
        }
        return y;
    }

    /** Rounded as the model was trained. */
    private static float angle(int position, int column, int rotated) {
        return position * (float) Math.pow(BASE, -(double) (column & -2) / rotated);
    }

    private static NDArray rotated(NDArray x, TokenBatch batch, int heads, int headSize, int rotated) {
        int tokens = batch.tokens();
        int columns = (heads + 1) * headSize;
        NDArray cosines = x.getManager().ones(new Shape(tokens, columns));
        NDArray sines = x.getManager().zeros(new Shape(tokens, columns));
        NDArray others = x.getManager().zeros(new Shape(columns, columns));
        for (int s = 0; s < batch.sequences(); s++) {
            for (int p = 0; p < batch.length(s); p++) {
                for (int at = 0; at < heads * headSize; at++) {
                    int column = at % headSize;
                    if (column < rotated) {
                        var place = new NDIndex(batch.offsets()[s] + p, at);
                        double angle = angle(p, column, rotated);
                        cosines.setScalar(place, Math.cos(angle));
                        sines.setScalar(place, Math.sin(angle));
                        others.setScalar(new NDIndex(column % 2 == 0 ? at + 1 : at - 1, at), column % 2 == 0 ? -1 : 1);
                    }
                }
            }
        }
        return x.mul(cosines).add(x.matMul(others).mul(sines));
    }

    static OpCase gatedSilu(int rows, int blocks, int units) {
        Operand x = Operand.tensor(rows, blocks * 2 * units);
        return OpCases.op(
                "gatedUnits " + x + " by " + units,
                List.of(x),
                2,
                (pass, o) -> GatedUnits.of(pass, o.tensor(0), Activation.SILU, units),
                m -> Matrix.fill(rows, blocks * units, i -> {
                    int up = i / units * 2 * units + i % units;
                    double gate = m.getFirst().values()[up + units];
                    return m.getFirst().values()[up] * gate / (1 + Math.exp(-gate));
                }),
                t -> {
                    NDArray both = t.getFirst().reshape((long) rows * blocks, 2, units);
                    NDArray gate = both.get(new NDIndex(":, 1"));
                    return both.get(new NDIndex(":, 0"))
                            .mul(gate)
                            .div(gate.neg().exp().add(1))
                            .reshape(rows, (long) blocks * units);
                });
    }

    static OpCase linearTransposed(int rows, int inputs, int outputs) {
        Operand x = Operand.tensor(rows, inputs);
        Operand w = Operand.parameter(outputs, inputs);
        return OpCases.op(
                "linearTransposed " + x + w,
                List.of(x, w),
                Math.max(rows, Math.max(inputs, outputs)),
                (pass, o) -> Linears.transposed(pass, o.tensor(0), o.weight(1)),
                m -> Matrix.fill(rows, outputs, i -> {
                    double sum = 0;
                    for (int c = 0; c < inputs; c++) {
                        sum += m.get(0).get(i / outputs, c) * m.get(1).get(i % outputs, c);
                    }
                    return sum;
                }),
                t -> t.get(0).matMul(t.get(1).transpose()));
    }

    /** The queries of some sequences over keys and values of others, of other lengths. */
    static OpCase attend(TokenBatch queries, TokenBatch keys, int heads, int headSize) {
        int hidden = heads * headSize;
        Operand q = Operand.tensor(queries.tokens(), hidden);
        Operand kv = Operand.tensor(keys.tokens(), 2 * hidden);
        var rows = new AttendedRows(queries.offsets(), keys.offsets(), queries.sequences(), 0, heads, false);
        return OpCases.op(
                "attend " + q + kv + ", heads " + heads,
                List.of(q, kv),
                keys.length(0) + queries.length(0) + headSize,
                (pass, o) -> OtherAttention.of(pass, o.tensor(0), o.tensor(1), rows, hidden),
                m -> attended(m.get(0), m.get(1), rows, hidden),
                t -> attended(t.get(0), t.get(1), rows, hidden));
    }

    /** Queries, keys and values side by side, each row over those up to itself. */
    static OpCase attendCausally(TokenBatch batch, int heads, int headSize) {
        int hidden = heads * headSize;
        Operand qkv = Operand.tensor(batch.tokens(), 3 * hidden);
        var rows = new AttendedRows(batch.offsets(), batch.offsets(), batch.sequences(), hidden, heads, true);
        return OpCases.op(
                "attend causally " + qkv + ", heads " + heads,
                List.of(qkv),
                batch.length(0) + headSize,
                (pass, o) -> OtherAttention.of(pass, o.tensor(0), o.tensor(0), rows, hidden),
                m -> attended(m.get(0), m.get(0), rows, hidden),
                t -> attended(t.get(0), t.get(0), rows, hidden));
    }

    private static Matrix attended(Matrix queries, Matrix keysValues, AttendedRows rows, int hidden) {
        int size = hidden / rows.heads();
        Matrix y = Matrix.zeros(queries.rows(), hidden);
        for (int s = 0; s < rows.sequences(); s++) {
            int first = rows.queryOffsets()[s];
            int firstKey = rows.keyOffsets()[s];
            int keys = rows.keyOffsets()[s + 1] - firstKey;
            for (int i = 0; first + i < rows.queryOffsets()[s + 1]; i++) {
                for (int head = 0; head < rows.heads(); head++) {
                    Matrix scores = Matrix.zeros(1, rows.causal() ? i + 1 : keys);
                    for (int j = 0; j < scores.columns(); j++) {
                        double sum = 0;
                        for (int c = head * size; c < (head + 1) * size; c++) {
                            sum += queries.get(first + i, c) * keysValues.get(firstKey + j, rows.keyColumn() + c);
                        }
                        scores.set(0, j, sum / Math.sqrt(size));
                    }
                    Matrix shares = Reference.softmax(scores);
                    for (int c = head * size; c < (head + 1) * size; c++) {
                        double sum = 0;
                        for (int j = 0; j < shares.columns(); j++) {
                            sum += shares.get(0, j) * keysValues.get(firstKey + j, rows.keyColumn() + hidden + c);
                        }
                        y.set(first + i, c, sum);
                    }
                }
            }
        }
        return y;
    }

    private static NDArray attended(NDArray queries, NDArray keysValues, AttendedRows rows, int hidden) {
        int size = hidden / rows.heads();
        var contexts = new NDList();
        for (int s = 0; s < rows.sequences(); s++) {
            int length = rows.queryOffsets()[s + 1] - rows.queryOffsets()[s];
            int keys = rows.keyOffsets()[s + 1] - rows.keyOffsets()[s];
            NDArray q = queries.get(
                            new NDIndex("{}:{}, 0:{}", rows.queryOffsets()[s], rows.queryOffsets()[s + 1], hidden))
                    .reshape(length, rows.heads(), size)
                    .transpose(1, 0, 2);
            // [keys, 2, heads, size] -> [2, heads, keys, size]
            NDArray kv = keysValues
                    .get(new NDIndex("{}:{}, {}:", rows.keyOffsets()[s], rows.keyOffsets()[s + 1], rows.keyColumn()))
                    .reshape(keys, 2, rows.heads(), size)
                    .transpose(1, 2, 0, 3);
            NDArray scores = q.matMul(kv.get(0).transpose(0, 2, 1)).div(Math.sqrt(size));
            if (rows.causal()) {
                var later = new float[length * keys];
                for (int i = 0; i < later.length; i++) {
                    later[i] = i % keys > i / keys ? -1e9f : 0;
                }
                scores = scores.add(scores.getManager().create(later, new Shape(length, keys)));
            }
            contexts.add(scores.softmax(-1).matMul(kv.get(1)).transpose(1, 0, 2).reshape(length, hidden));
        }
        return NDArrays.concat(contexts, 0);
    }
}
