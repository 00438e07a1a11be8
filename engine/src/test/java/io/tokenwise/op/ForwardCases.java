package io.tokenwise.op;

import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.OpCase.Bound;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Operations without their gradient: those of inference alone, what comes before anything that is trained, and results in the place of operands. */
final class ForwardCases {
    private static final int UNIT = 8;

    private ForwardCases() {}

    static List<OpCase> all() {
        var cases = new ArrayList<OpCase>();
        for (int[] s : new int[][] {{1, 1, 1}, {2, 3, 5}, {5, 1, 7}, {7, 11, 13}, {17, 16, 17}, {70, 96, 3}}) {
            cases.add(tanh(s[0], s[1]));
            cases.add(samples(s[0] * s[1]));
            cases.add(windows(batch(3, s[0] + 3, s[0] + 7), s[2], 3, 1 + s[1] % 3));
            cases.add(groupNorm(batch(s[0], s[1], 1), 1 + s[2]));
            cases.add(patches(1 + s[0] % 3, 1 + s[1] % 4, 1 + s[2] % 5));
            cases.add(gather(s[0], 1 + s[1], 1 + s[2]));
            cases.add(stay(s[0], s[1], s[2]));
            cases.add(argmax(s[0], s[1]));
            cases.add(dots(s[0], s[1], s[2]));
            cases.add(columns(s[0], s[1]));
            cases.add(one(1 + s[0], 1 + s[1] % 4, 1 + s[2]));
            cases.add(laidOut(batch(s[0], 1, s[1]), 1 + s[2] % 3, 1 + s[1] % 2));
        }
        for (int[] s : new int[][] {{0, 5}, {1, 1}, {3, 7}, {5, 129}, {2, 1537}, {130, 384}}) {
            cases.addAll(inPlace(s[0], s[1]));
        }
        cases.add(groupNorm(batch(300, 1, 41), 41));
        cases.add(groupNorm(batch(195, 97), 288));
        cases.add(windows(batch(196, 97), 28, 7, 3));
        cases.add(patches(2, 8, 4));
        cases.add(gather(70, 48, 8));
        cases.add(columns(35, 33));
        cases.add(one(200, 8, 36));
        cases.add(laidOut(batch(70, 2), 4, 4));
        cases.add(laidOut(batch(66), 2, 12));
        cases.add(noRowsTaken(70, 129));
        cases.add(rotateFrom(9, batch(40, 17), 8, 36));
        cases.add(withoutTypes(batch(128, 1, 17, 60), 384));
        for (TokenBatch batch : List.of(batch(1), batch(3, 1, 7), batch(41, 128))) {
            cases.add(largestLogRelu(batch, 1 + batch.tokens() % 70).onCpuOnly());
        }
        cases.add(channelNorm(batch(1), 1).onCpuOnly());
        cases.add(channelNorm(batch(3, 2, 7), 17).onCpuOnly());
        cases.add(channelNorm(batch(41, 3_000), 70).onCpuOnly());
        return cases;
    }

    /** Where the result takes the place of the first operand. */
    @FunctionalInterface
    private interface InPlace {
        void run(Stream stream, Bound operands, Pass pass);
    }

    private static OpCase inPlace(
            String name, List<Operand> operands, int terms, InPlace op, Function<List<Matrix>, Matrix> reference) {
        return OpCase.forward(
                name + " in place " + operands.getFirst(),
                operands,
                terms,
                (pass, o) -> {
                    op.run(pass.stream(), o, pass);
                    return o.tensor(0);
                },
                reference);
    }

    private static List<OpCase> inPlace(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        Operand vector = Operand.constant(1, columns);
        float epsilon = 1e-2f;
        return List.of(
                inPlace(
                        "gelu",
                        List.of(x),
                        1,
                        (stream, o, _) -> Activations.gelu(stream, o.tensor(0), o.tensor(0)),
                        m -> Reference.gelu(m.getFirst())),
                inPlace(
                        "geluBackward",
                        List.of(x, x.times(4)),
                        4,
                        (stream, o, _) -> Activations.geluBackward(stream, o.tensor(1), o.tensor(0), o.tensor(0)),
                        m -> Matrix.fill(rows, columns, i -> {
                            double at = m.get(1).values()[i];
                            double density = Math.exp(-at * at / 2) / Math.sqrt(2 * Math.PI);
                            double below = (1 + Reference.erf(at / Math.sqrt(2))) / 2;
                            return m.get(0).values()[i] * (below + at * density);
                        })),
                inPlace(
                        "add",
                        List.of(x, x),
                        1,
                        (stream, o, _) -> stream.add(o.tensor(0), o.tensor(1), o.tensor(0)),
                        m -> m.get(0).plus(1, m.get(1))),
                inPlace(
                        "layerNorm",
                        List.of(x, vector, vector),
                        columns,
                        (stream, o, _) -> LayerNorms.forward(
                                stream, o.tensor(0), o.tensor(1), o.tensor(2), epsilon, o.tensor(0), null),
                        m -> Reference.layerNorm(m.get(0), m.get(1), m.get(2), epsilon)),
                inPlace(
                        "layerNormBackward",
                        List.of(x, x, vector, vector),
                        columns,
                        (stream, o, pass) -> {
                            Tensor statistics = pass.tensor(rows, 2);
                            Tensor y = pass.tensor(rows, columns);
                            LayerNorms.forward(stream, o.tensor(1), o.tensor(2), o.tensor(3), epsilon, y, statistics);
                            LayerNorms.backward(stream, o.tensor(1), o.tensor(2), statistics, o.tensor(0), o.tensor(0));
                        },
                        m -> layerNormSlopes(m, epsilon)),
                inPlace(
                        "softmax",
                        List.of(x.times(12)),
                        12 * columns,
                        (stream, o, _) -> Softmaxes.forward(stream, o.tensor(0), o.tensor(0)),
                        m -> Reference.softmax(m.getFirst())),
                inPlace(
                        "softmaxBackward",
                        List.of(x, x),
                        columns,
                        (stream, o, _) -> Softmaxes.backward(stream, o.tensor(1), o.tensor(0), o.tensor(0)),
                        m -> Matrix.fill(rows, columns, i -> {
                            double sum = 0;
                            for (int c = 0; c < columns; c++) {
                                sum += m.get(0).get(i / columns, c) * m.get(1).get(i / columns, c);
                            }
                            return m.get(1).values()[i] * (m.get(0).values()[i] - sum);
                        })),
                inPlace(
                        "l2Normalize",
                        List.of(x),
                        columns,
                        (stream, o, _) -> Lengths.forward(stream, o.tensor(0), o.tensor(0), null),
                        m -> Reference.l2Normalize(m.getFirst())));
    }

    /** {@code (dy g - mean(dy g) - n mean(n dy g)) / deviation} of each row, n being x normed (Ba, Kiros and Hinton 2016). */
    private static Matrix layerNormSlopes(List<Matrix> m, double epsilon) {
        Matrix x = m.get(1);
        Matrix ones = Matrix.fill(1, x.columns(), _ -> 1);
        Matrix normed = Reference.layerNorm(x, ones, Matrix.zeros(1, x.columns()), epsilon);
        Matrix dx = Matrix.zeros(x.rows(), x.columns());
        for (int row = 0; row < x.rows(); row++) {
            double mean = 0;
            double squares = 0;
            double slope = 0;
            double alongNormed = 0;
            for (int c = 0; c < x.columns(); c++) {
                double dy = m.get(0).get(row, c) * m.get(2).get(0, c) / x.columns();
                mean += x.get(row, c) / x.columns();
                squares += x.get(row, c) * x.get(row, c) / x.columns();
                slope += dy;
                alongNormed += dy * normed.get(row, c);
            }
            double deviation = Math.sqrt(squares - mean * mean + epsilon);
            for (int c = 0; c < x.columns(); c++) {
                double dy = m.get(0).get(row, c) * m.get(2).get(0, c);
                dx.set(row, c, (dy - slope - normed.get(row, c) * alongNormed) / deviation);
            }
        }
        return dx;
    }

    private static OpCase noRowsTaken(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        return OpCase.forward(
                "takeRows none of " + x,
                List.of(x),
                1,
                (pass, o) -> TakenRows.of(pass, o.tensor(0), new int[0], 0),
                _ -> Matrix.zeros(0, columns));
    }

    /** As a decoder does with the next piece, and back again for part of it. */
    private static OpCase rotateFrom(int position, TokenBatch batch, int heads, int headSize) {
        var positions = new RotaryPositions(batch.length(0) + position, headSize, headSize - 4, 10_000);
        Operand x = Operand.constant(batch.tokens(), (heads + 1) * headSize);
        return OpCase.forward(
                "rotate from " + position + ", one head back " + x,
                List.of(x),
                4,
                (pass, o) -> {
                    int sequences = batch.sequences();
                    Rotations.forward(
                            pass.stream(), o.tensor(0), batch.offsets(), sequences, position, positions, heads);
                    Rotations.forward(
                            pass.stream(), o.tensor(0), batch.offsets(), sequences, position, positions.inverse(), 1);
                    return o.tensor(0);
                },
                m -> {
                    Matrix turned = SpeechOpCases.rotated(m.getFirst(), batch, position, heads, headSize, headSize - 4);
                    return Matrix.fill(
                            turned.rows(),
                            turned.columns(),
                            i -> i % turned.columns() < headSize ? m.getFirst().values()[i] : turned.values()[i]);
                });
    }

    private static OpCase withoutTypes(TokenBatch batch, int columns) {
        Operand words = Operand.constant(1, columns);
        Operand positions = Operand.constant(batch.length(0) + 2, columns);
        return OpCase.forward(
                "embeddingSum without types " + positions,
                List.of(words, positions),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(batch.tokens(), columns);
                    EmbeddingSums.forward(
                            pass.stream(),
                            batch.inputs(),
                            batch.offsets(),
                            batch.sequences(),
                            o.tensor(0),
                            o.tensor(1),
                            null,
                            y);
                    return y;
                },
                m -> Reference.embeddingSum(batch, m.get(0), m.get(1), Matrix.zeros(1, columns)));
    }

    /** What SPLADE pools. */
    private static OpCase largestLogRelu(TokenBatch batch, int words) {
        Operand x = Operand.constant(batch.tokens(), words);
        return OpCase.forward(
                "largestLogRelu " + x,
                List.of(x),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(batch.sequences(), words);
                    pass.stream().fill(y, 0);
                    Pools.raiseToLargest(pass.stream(), o.tensor(0), batch.offsets(), batch.sequences(), y);
                    Pools.logs(pass.stream(), y);
                    return y;
                },
                m -> Matrix.fill(batch.sequences(), words, i -> {
                    int sequence = i / words;
                    double most = IntStream.range(batch.offsets()[sequence], batch.offsets()[sequence + 1])
                            .mapToDouble(row -> m.get(0).get(row, i % words))
                            .max()
                            .orElseThrow();
                    return Math.log1p(Math.max(0, most));
                }));
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

    private static OpCase tanh(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        return OpCase.forward(
                "tanh " + x,
                List.of(x),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(rows, columns);
                    Activations.tanh(pass.stream(), o.tensor(0), y);
                    return y;
                },
                m -> Matrix.fill(rows, columns, i -> Math.tanh(m.get(0).values()[i])));
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

    private static OpCase patches(int images, int side, int patch) {
        int size = side * patch;
        var cut = ImagePatches.of(size, patch, List.of(.5, .4, .3), List.of(.2, .25, 1.));
        int[] pixels = new SplittableRandom(size)
                .ints((long) images * size * size, 0, 1 << 24)
                .toArray();
        return OpCase.forward(
                "patches " + images + " of " + size + " by " + patch,
                List.of(),
                1,
                (pass, _) -> Patches.of(pass, pixels, images, cut),
                _ -> Matrix.fill(images * cut.count(), cut.values(), i -> {
                    int value = i % cut.values();
                    int place = i / cut.values() % cut.count();
                    int channel = value / (patch * patch);
                    int row = place / side * patch + value / patch % patch;
                    int column = place % side * patch + value % patch;
                    int pixel = pixels[(i / cut.values() / cut.count() * size + row) * size + column];
                    return cut.table()[256 * channel + (pixel >> 8 * (2 - channel) & 0xFF)];
                }));
    }

    private static OpCase gather(int rows, int units, int width) {
        int columns = units * width + 3;
        int[] starts =
                new SplittableRandom(units).ints(units, 0, columns - width + 1).toArray();
        Operand x = Operand.constant(rows, columns);
        return OpCase.forward(
                "gatherUnits " + x + " of " + width,
                List.of(x),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(rows, units * width);
                    Scales.gather(pass.stream(), o.tensor(0), starts, width, y);
                    return y;
                },
                m -> Matrix.fill(rows, units * width, i -> {
                    int column = i % (units * width);
                    return m.get(0).get(i / (units * width), starts[column / width] + column % width);
                }));
    }

    /** Rows stay by what the host says they are worth, all different. */
    private static OpCase stay(int rows, int wanted, int columns) {
        int count = Math.min(rows, wanted);
        float[] worth = new float[rows];
        for (int i = 0; i < rows; i++) {
            worth[i] = i * 7 % 71;
        }
        int[] staying = IntStream.range(0, rows)
                .boxed()
                .sorted(Comparator.comparing((Integer row) -> -worth[row]))
                .limit(count)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        Operand x = Operand.constant(rows, columns);
        return OpCase.forward(
                "takeRows " + x + ", " + count + " stay",
                List.of(x),
                1,
                (pass, o) -> TakenRows.of(pass, o.tensor(0), staying(pass, worth, count)),
                m -> Reference.takeRows(m.get(0), staying));
    }

    private static Staying staying(Pass pass, float[] worth, int wanted) {
        Staying staying = pass.stream().staying();
        staying.begin(worth.length, 0, 0, new float[0]);
        staying.most(worth.length, wanted, false, false);
        System.arraycopy(worth, 0, staying.values(), 0, worth.length);
        staying.choose(null);
        return staying;
    }

    private static OpCase argmax(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        return OpCase.forward(
                "argmax " + x,
                List.of(x),
                1,
                (pass, o) -> {
                    Tensor y = pass.tensor(1, 1);
                    pass.stream().fill(y, Choices.argmax(pass.stream(), o.tensor(0), rows - 1));
                    return y;
                },
                m -> {
                    double[] last = IntStream.range(0, columns)
                            .mapToDouble(c -> m.get(0).get(rows - 1, c))
                            .toArray();
                    int best = IntStream.range(0, columns)
                            .reduce((a, b) -> last[b] > last[a] ? b : a)
                            .orElseThrow();
                    return Matrix.fill(1, 1, _ -> best);
                });
    }

    private static OpCase dots(int rows, int inputs, int outputs) {
        int padded = Math.ceilDiv(outputs, RowOps.DOTS_GROUP) * RowOps.DOTS_GROUP;
        Operand x = Operand.constant(rows, inputs);
        return OpCase.forward(
                "dots " + x + " of " + outputs,
                List.of(x, Operand.constant(padded, inputs), Operand.constant(1, outputs)),
                inputs,
                (pass, o) -> {
                    Tensor y = pass.tensor(rows, outputs);
                    pass.stream().dots(o.tensor(0), o.tensor(1), o.tensor(2), y);
                    return y;
                },
                m -> Matrix.fill(rows, outputs, i -> {
                    double sum = m.get(2).get(0, i % outputs);
                    for (int c = 0; c < inputs; c++) {
                        sum += m.get(0).get(i / outputs, c) * m.get(1).get(i % outputs, c);
                    }
                    return sum;
                }));
    }

    private static OpCase columns(int rows, int channels) {
        Operand x = Operand.constant(rows, channels + 2);
        return OpCase.forward(
                "toColumns " + x,
                List.of(x, Operand.constant(channels, rows + 4)),
                1,
                (pass, o) -> {
                    OtherAttention.toColumns(pass.stream(), o.tensor(0), 1, o.tensor(1), 3);
                    return o.tensor(1);
                },
                m -> Matrix.fill(channels, rows + 4, i -> {
                    int row = i % (rows + 4) - 3;
                    int channel = i / (rows + 4);
                    return row >= 0 && row < rows
                            ? m.get(0).get(row, 1 + channel)
                            : m.get(1).values()[i];
                }));
    }

    private static OpCase one(int length, int heads, int size) {
        int hidden = heads * size;
        int tokens = Math.ceilDiv(length, SpeechOps.STEP) * SpeechOps.STEP;
        return OpCase.forward(
                "attendOne of " + heads + " x " + size + " over " + length,
                List.of(Operand.constant(1, hidden), Operand.constant(2 * hidden, tokens)),
                length + size,
                (pass, o) -> {
                    Tensor y = pass.tensor(1, hidden);
                    OtherAttention.one(pass.stream(), o.tensor(0), o.tensor(1), length, heads, y);
                    return y;
                },
                m -> Matrix.fill(1, hidden, c -> {
                    Matrix scores = Matrix.fill(1, length, j -> {
                        double sum = 0;
                        for (int d = c / size * size; d < c / size * size + size; d++) {
                            sum += m.get(0).get(0, d) * m.get(1).get(d, j);
                        }
                        return sum / Math.sqrt(size);
                    });
                    Matrix shares = Reference.softmax(scores);
                    double sum = 0;
                    for (int j = 0; j < length; j++) {
                        sum += shares.get(0, j) * m.get(1).get(hidden + c, j);
                    }
                    return sum;
                }));
    }

    /** Attention whose heads lie in units of 8 columns, in any order. */
    private static OpCase laidOut(TokenBatch batch, int heads, int unitsOfHead) {
        int units = heads * unitsOfHead;
        int[] places = shuffled(3 * units + 1);
        int[] contexts = shuffled(units);
        var layout = new AttentionLayout(
                part(places, 0, units), part(places, units, units), part(places, 2 * units, units), contexts);
        Operand x = Operand.constant(batch.tokens(), (3 * units + 1) * UNIT);
        return OpCase.forward(
                "attention " + x + " of " + heads + " in units",
                List.of(x),
                batch.length(0) + unitsOfHead * UNIT,
                (pass, o) -> {
                    Tensor y = pass.tensor(batch.tokens(), units * UNIT);
                    Tensor qkv = o.tensor(0);
                    SelfAttention.forward(
                            pass.stream(), qkv, qkv, qkv, layout, batch.offsets(), batch.sequences(), heads, y);
                    return y;
                },
                m -> {
                    int columns = 3 * units * UNIT;
                    Matrix dense = Matrix.fill(batch.tokens(), columns, i -> {
                        int column = i % columns;
                        return m.get(0).get(i / columns, places[column / UNIT] + column % UNIT);
                    });
                    Matrix context = Reference.attention(dense, batch, heads);
                    Matrix y = Matrix.zeros(batch.tokens(), units * UNIT);
                    for (int i = 0; i < y.values().length; i++) {
                        int column = i % (units * UNIT);
                        y.set(i / (units * UNIT), contexts[column / UNIT] + column % UNIT, context.values()[i]);
                    }
                    return y;
                });
    }

    private static int[] shuffled(int units) {
        return IntStream.range(0, units)
                .boxed()
                .sorted(Comparator.comparing((Integer unit) -> unit * 7 % 11).thenComparing(Comparator.reverseOrder()))
                .mapToInt(unit -> unit * UNIT)
                .toArray();
    }

    private static int[] part(int[] places, int from, int count) {
        return IntStream.of(places).skip(from).limit(count).toArray();
    }

    private static TokenBatch batch(int... lengths) {
        return TokenBatch.of(IntStream.of(lengths).mapToObj(int[]::new).toArray(int[][]::new));
    }
}
