package io.tokenwise.op;

import io.tokenwise.autograd.Matrix;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** What speech models do before their encoder, without gradients. */
final class SoundCases {
    private SoundCases() {}

    static List<OpCase> all() {
        var cases = new ArrayList<OpCase>();
        for (int[] s : new int[][] {{1, 1, 1}, {2, 3, 5}, {5, 1, 7}, {7, 11, 13}, {17, 16, 17}, {70, 96, 3}}) {
            cases.add(samples(s[0] * s[1]));
            cases.add(windows(ForwardCases.batch(3, s[0] + 3, s[0] + 7), s[2], 3, 1 + s[1] % 3));
            cases.add(groupNorm(ForwardCases.batch(s[0], s[1], 1), 1 + s[2]));
        }
        cases.add(groupNorm(ForwardCases.batch(300, 1, 41), 41));
        cases.add(groupNorm(ForwardCases.batch(195, 97), 288));
        cases.add(windows(ForwardCases.batch(196, 97), 28, 7, 3));
        cases.add(channelNorm(ForwardCases.batch(1), 1).onCpuOnly());
        cases.add(channelNorm(ForwardCases.batch(3, 2, 7), 17).onCpuOnly());
        cases.add(channelNorm(ForwardCases.batch(41, 3_000), 70).onCpuOnly());
        return cases;
    }

    private static OpCase samples(int count) {
        int[] bits = new SplittableRandom(count)
                .doubles(count + 1, -1, 1)
                .mapToInt(value -> Float.floatToRawIntBits((float) value))
                .toArray();
        return OpCase.forward(
                "samples " + count,
                List.of(),
                1,
                (pass, _) -> Windows.samples(pass, bits, count),
                _ -> Matrix.fill(count, 1, i -> Float.intBitsToFloat(bits[i])));
    }

    private static OpCase windows(TokenBatch batch, int columns, int width, int step) {
        int sequences = batch.sequences();
        var offsets = new int[sequences + 1];
        for (int i = 0; i < sequences; i++) {
            offsets[i + 1] = offsets[i] + (batch.length(i) - width) / step + 1;
        }
        Operand x = Operand.constant(batch.tokens(), columns);
        return OpCase.forward(
                "windows " + x + " of " + width + " every " + step,
                List.of(x),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(offsets[sequences], width * columns);
                    Windows.forward(pass.stream(), o.tensor(0), batch.offsets(), sequences, width, step, offsets, y);
                    return y;
                },
                m -> {
                    Matrix y = Matrix.zeros(offsets[sequences], width * columns);
                    for (int i = 0; i < sequences; i++) {
                        for (int row = offsets[i]; row < offsets[i + 1]; row++) {
                            int first = batch.offsets()[i] + (row - offsets[i]) * step;
                            for (int c = 0; c < width * columns; c++) {
                                y.set(row, c, m.get(0).get(first + c / columns, c % columns));
                            }
                        }
                    }
                    return y;
                });
    }

    private static OpCase groupNorm(TokenBatch batch, int columns) {
        float epsilon = 1e-5f;
        Operand x = Operand.constant(batch.tokens(), columns);
        Operand vector = Operand.constant(1, columns);
        return OpCase.forward(
                "groupNorm " + x,
                List.of(x, vector, vector),
                batch.tokens() * columns,
                (pass, o) -> {
                    Tensor y = pass.tensor(batch.tokens(), columns);
                    Windows.groupNorm(
                            pass.stream(),
                            o.tensor(0),
                            batch.offsets(),
                            batch.sequences(),
                            o.tensor(1),
                            o.tensor(2),
                            epsilon,
                            y);
                    return y;
                },
                m -> {
                    Matrix y = Matrix.zeros(batch.tokens(), columns);
                    for (int i = 0; i < batch.sequences(); i++) {
                        int from = batch.offsets()[i] * columns;
                        int to = batch.offsets()[i + 1] * columns;
                        double[] values = m.get(0).values();
                        double mean = IntStream.range(from, to)
                                .mapToDouble(v -> values[v])
                                .average()
                                .orElseThrow();
                        double variance = IntStream.range(from, to)
                                .mapToDouble(v -> (values[v] - mean) * (values[v] - mean))
                                .average()
                                .orElseThrow();
                        for (int v = from; v < to; v++) {
                            double normed = (values[v] - mean) / Math.sqrt(variance + epsilon);
                            y.values()[v] = normed * m.get(1).get(0, v % columns)
                                    + m.get(2).get(0, v % columns);
                        }
                    }
                    return y;
                });
    }

    private static OpCase channelNorm(TokenBatch batch, int columns) {
        float epsilon = 1e-5f;
        Operand x = Operand.constant(batch.tokens(), columns);
        Operand vector = Operand.constant(1, columns);
        return OpCase.forward(
                "channelNorm " + x,
                List.of(x, vector, vector),
                batch.tokens(),
                (pass, o) -> {
                    Tensor y = pass.tensor(batch.tokens(), columns);
                    ChannelNorms.forward(
                            pass.stream(),
                            o.tensor(0),
                            batch.offsets(),
                            batch.sequences(),
                            o.tensor(1),
                            o.tensor(2),
                            epsilon,
                            y);
                    return y;
                },
                m -> {
                    Matrix y = Matrix.zeros(batch.tokens(), columns);
                    for (int i = 0; i < batch.sequences() * columns; i++) {
                        int from = batch.offsets()[i / columns];
                        int to = batch.offsets()[i / columns + 1];
                        int column = i % columns;
                        double mean = IntStream.range(from, to)
                                .mapToDouble(row -> m.get(0).get(row, column))
                                .average()
                                .orElseThrow();
                        double variance = IntStream.range(from, to)
                                .mapToDouble(row -> Math.pow(m.get(0).get(row, column) - mean, 2))
                                .average()
                                .orElseThrow();
                        for (int row = from; row < to; row++) {
                            double value = (m.get(0).get(row, column) - mean) / Math.sqrt(variance + epsilon);
                            y.set(
                                    row,
                                    column,
                                    value * m.get(1).get(0, column) + m.get(2).get(0, column));
                        }
                    }
                    return y;
                });
    }
}
