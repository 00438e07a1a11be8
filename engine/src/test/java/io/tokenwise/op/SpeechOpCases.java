package io.tokenwise.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv1d;
import io.tokenwise.autograd.Matrix;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.Operand;
import java.util.ArrayList;
import java.util.Arrays;
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
                    Rotations.of(
                            pass, o.tensor(0), batch.offsets(), batch.sequences(), batch.places(), positions, heads);
                    return o.tensor(0);
                },
                m -> rotated(m.getFirst(), batch, 0, heads, headSize, rotated),
                t -> rotated(t.getFirst(), batch, heads, headSize, rotated));
    }

    /** From a position on. */
    static Matrix rotated(Matrix x, TokenBatch batch, int position, int heads, int headSize, int rotated) {
        Matrix y = x.plus(0, x);
        for (int s = 0; s < batch.sequences(); s++) {
            for (int p = 0; p < batch.length(s); p++) {
                int row = batch.offsets()[s] + p;
                for (int at = 0; at < heads * headSize; at++) {
                    int column = at % headSize;
                    if (column < rotated) {
                        double angle = angle(position + p, column, rotated);
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
            NDArray scores = EncoderOpCases.times(q.matMul(kv.get(0).transpose(0, 2, 1)), 1 / Math.sqrt(size));
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

    /** So many windows of {@code width} rows, one every {@code step} rows, and a row or none that is in no window. */
    static OpCase windows(int[] counts, int columns, int width, int step) {
        int sequences = counts.length;
        var offsets = new int[sequences + 1];
        var windows = new int[sequences + 1];
        for (int i = 0; i < sequences; i++) {
            windows[i + 1] = windows[i] + counts[i];
            offsets[i + 1] = offsets[i] + (counts[i] - 1) * step + width + i % 2;
        }
        Operand x = Operand.tensor(offsets[sequences], columns);
        return OpCases.op(
                "windows " + x + " of " + width + " every " + step,
                List.of(x),
                width,
                (pass, o) -> Windows.of(pass, o.tensor(0), offsets, sequences, width, step, windows),
                m -> {
                    Matrix y = Matrix.zeros(windows[sequences], width * columns);
                    forWindows(windows, (row, i) -> {
                        int first = offsets[i] + (row - windows[i]) * step;
                        for (int c = 0; c < width * columns; c++) {
                            y.set(row, c, m.get(0).get(first + c / columns, c % columns));
                        }
                    });
                    return y;
                },
                t -> {
                    var rows = new NDList();
                    forWindows(windows, (row, i) -> {
                        int first = offsets[i] + (row - windows[i]) * step;
                        rows.add(t.get(0)
                                .get(new NDIndex("{}:{}", first, first + width))
                                .reshape(1, (long) width * columns));
                    });
                    return NDArrays.concat(rows, 0);
                });
    }

    private interface OfSequence {
        void accept(int row, int sequence);
    }

    private static void forWindows(int[] windows, OfSequence each) {
        for (int i = 0; i + 1 < windows.length; i++) {
            for (int row = windows[i]; row < windows[i + 1]; row++) {
                each.accept(row, i);
            }
        }
    }

    /** Of so many groups, in libtorch by its own convolution. */
    static OpCase groupedConvolution(TokenBatch batch, int groups, int count, int width) {
        int columns = groups * count;
        Operand x = Operand.tensor(batch.tokens(), columns);
        var operands = new ArrayList<Operand>(List.of(x));
        for (int i = 0; i < groups; i++) {
            operands.add(Operand.parameter(width * count, count));
            operands.add(Operand.parameter(1, count));
        }
        return OpCases.op(
                "groupedConvolution " + x + " of " + groups + " groups, " + width + " rows",
                operands,
                Math.max(batch.tokens(), width * count),
                (pass, o) -> {
                    var kernels = new ArrayList<Weight>();
                    var biases = new ArrayList<Parameter>();
                    for (int i = 0; i < groups; i++) {
                        kernels.add(o.weight(1 + 2 * i));
                        biases.add(o.parameter(2 + 2 * i));
                    }
                    return GroupedConvolutions.of(
                            pass, o.tensor(0), batch.offsets(), batch.sequences(), width, kernels, biases);
                },
                m -> convolved(m, batch, groups, count, width),
                t -> convolved(t, batch, groups, count, width));
    }

    private static Matrix convolved(List<Matrix> m, TokenBatch batch, int groups, int count, int width) {
        Matrix y = Matrix.zeros(batch.tokens(), groups * count);
        forWindows(Arrays.copyOf(batch.offsets(), batch.sequences() + 1), (row, s) -> {
            for (int column = 0; column < groups * count; column++) {
                int group = column / count;
                double sum = m.get(2 + 2 * group).get(0, column % count);
                for (int i = 0; i < width * count; i++) {
                    int from = row - width / 2 + i / count;
                    if (from >= batch.offsets()[s] && from < batch.offsets()[s + 1]) {
                        sum += m.get(0).get(from, group * count + i % count)
                                * m.get(1 + 2 * group).get(i, column % count);
                    }
                }
                y.set(row, column, sum);
            }
        });
        return y;
    }

    private static NDArray convolved(NDList t, TokenBatch batch, int groups, int count, int width) {
        var kernels = new NDList();
        var biases = new NDList();
        for (int i = 0; i < groups; i++) {
            // [width * columns, outputs] -> [outputs, columns, width]
            kernels.add(t.get(1 + 2 * i).reshape(width, count, count).transpose(2, 1, 0));
            biases.add(t.get(2 + 2 * i).flatten());
        }
        NDArray kernel = NDArrays.concat(kernels, 0);
        NDArray bias = NDArrays.concat(biases, 0);
        var all = new NDList();
        for (int s = 0; s < batch.sequences(); s++) {
            NDArray sound = t.get(0)
                    .get(new NDIndex("{}:{}", batch.offsets()[s], batch.offsets()[s + 1]))
                    .transpose()
                    .expandDims(0);
            NDArray y = Conv1d.conv1d(sound, kernel, bias, new Shape(1), new Shape(width / 2), new Shape(1), groups)
                    .singletonOrThrow();
            all.add(y.get(new NDIndex("0, :, 0:{}", batch.length(s))).transpose());
        }
        return NDArrays.concat(all, 0);
    }
}
