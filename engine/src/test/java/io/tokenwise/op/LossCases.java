package io.tokenwise.op;

import io.tokenwise.autograd.Matrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.op.OpCase.Bound;
import io.tokenwise.op.OpCase.Operand;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** Losses, each as two cases: its value, and the gradient by its first operand that it writes, against central differences of the value in doubles. */
final class LossCases {
    private final List<OpCase> cases = new ArrayList<>();

    private LossCases() {}

    /** A loss on the engine, which writes its gradient to dy. */
    @FunctionalInterface
    private interface Loss {
        double of(Stream stream, Bound operands, Tensor dy);
    }

    static List<OpCase> all() {
        var all = new LossCases();
        for (int[] shape : new int[][] {{1, 1}, {3, 7}, {5, 300}, {33, 40}}) {
            all.ofVectors(shape[0], shape[1]);
            all.ofClasses(shape[0], shape[1]);
        }
        all.squaredErrorWhereKnown(1);
        all.squaredErrorWhereKnown(300);
        all.order(1, 3);
        all.order(17, 5);
        all.ctc(1, 2, 1);
        all.ctc(5, 3, 1, 1, 2);
        all.ctc(4, 4);
        return all.cases;
    }

    private void add(String name, List<Operand> operands, int terms, Loss loss, ToDoubleFunction<List<Matrix>> value) {
        Operand y = operands.getFirst();
        String of = name + " of " + y;
        Function<List<Matrix>, Matrix> reference = m -> Matrix.fill(1, 1, _ -> value.applyAsDouble(m));
        cases.add(OpCase.forward(
                of,
                operands,
                terms,
                (pass, o) -> {
                    Tensor result = pass.tensor(1, 1);
                    Tensor dy = pass.tensor(y.rows(), y.columns());
                    pass.stream().fill(result, (float) loss.of(pass.stream(), o, dy));
                    return result;
                },
                reference));
        cases.add(OpCase.forward(
                "gradient of " + of,
                operands,
                terms,
                (pass, o) -> {
                    Tensor dy = pass.tensor(y.rows(), y.columns());
                    loss.of(pass.stream(), o, dy);
                    return dy;
                },
                m -> Reference.slopes(
                        at -> {
                            var moved = new ArrayList<>(m);
                            moved.set(0, at);
                            return value.applyAsDouble(moved);
                        },
                        m.getFirst())));
    }

    private void ofVectors(int rows, int columns) {
        Operand x = Operand.constant(rows, columns);
        int terms = rows * columns;
        add(
                "cosineDistance",
                List.of(x, x),
                terms,
                (stream, o, dy) -> Losses.cosineDistance(stream, o.tensor(0), o.tensor(1), dy),
                m -> 1 - m.get(0).dot(m.get(1)) / rows);
        add(
                "relativeSquaredError",
                List.of(x, x),
                terms,
                (stream, o, dy) -> Losses.relativeSquaredError(stream, o.tensor(0), o.tensor(1), 1, dy),
                m -> {
                    Matrix difference = m.get(0).plus(-1, m.get(1));
                    return difference.dot(difference) / m.get(1).dot(m.get(1));
                });
    }

    private void ofClasses(int rows, int columns) {
        Operand logits = Operand.constant(rows, columns).times(6);
        int terms = rows * columns;
        int[] labels = new SplittableRandom(rows).ints(rows, 0, columns).toArray();
        add(
                "crossEntropy",
                List.of(logits),
                terms,
                (stream, o, dy) -> Losses.crossEntropy(stream, o.tensor(0), labels, dy),
                m -> crossEntropy(
                        m.getFirst(), Matrix.fill(rows, columns, i -> i % columns == labels[i / columns] ? 1 : 0)));
        var wanted = new double[terms];
        Arrays.setAll(wanted, i -> i % columns == 0 ? 1 - (columns - 1) * .001 : .001);
        add(
                "crossEntropy to probabilities",
                List.of(logits),
                terms,
                (stream, o, dy) -> Losses.crossEntropy(stream, o.tensor(0), wanted, dy),
                m -> crossEntropy(m.getFirst(), new Matrix(rows, columns, wanted)));
        add(
                "divergence",
                List.of(logits, logits),
                terms,
                (stream, o, dy) -> Losses.divergence(stream, o.tensor(0), o.tensor(1), dy),
                m -> {
                    Matrix shares = Reference.softmax(m.get(1));
                    return crossEntropy(m.get(0), shares) - crossEntropy(m.get(1), shares);
                });
    }

    /** Mean over rows of {@code -sum wanted log softmax(logits)}. */
    private static double crossEntropy(Matrix logits, Matrix wanted) {
        Matrix shares = Reference.softmax(logits);
        return -wanted.dot(Matrix.fill(logits.rows(), logits.columns(), i -> Math.log(shares.values()[i])))
                / logits.rows();
    }

    /** Every third target is not known. */
    private void squaredErrorWhereKnown(int rows) {
        float[] target = new float[rows];
        for (int i = 0; i < rows; i++) {
            target[i] = i % 3 == 1 ? Float.NaN : i % 7 - 3;
        }
        int[] known = IntStream.range(0, rows).filter(i -> i % 3 != 1).toArray();
        add(
                "squaredErrorWhereKnown",
                List.of(Operand.constant(rows, 1)),
                rows,
                (stream, o, dy) -> Losses.squaredErrorWhereKnown(stream, o.tensor(0), target, dy),
                m -> IntStream.of(known)
                        .mapToDouble(i -> Math.pow(m.getFirst().get(i, 0) - target[i], 2))
                        .average()
                        .orElseThrow());
    }

    /** Over all ways to say letters by a token a frame, of which 0 is the blank. */
    private void ctc(int frames, int tokens, int... letters) {
        int[] offsets = {0, frames};
        add(
                "ctc of " + letters.length + " letters",
                List.of(Operand.constant(frames, tokens)),
                (int) Math.pow(tokens, frames),
                (stream, o, dy) ->
                        CtcLosses.sum(stream, o.tensor(0), offsets, new int[][] {letters}, 0, 1, dy),
                m -> {
                    Matrix shares = Reference.softmax(m.getFirst());
                    double sum = 0;
                    for (int way = 0; way < Math.pow(tokens, frames); way++) {
                        int[] said = said(way, frames, tokens);
                        double likely = 1;
                        for (int frame = 0; frame < frames; frame++) {
                            likely *= shares.get(frame, said[frame]);
                        }
                        sum += Arrays.equals(letters, heard(said)) ? likely : 0;
                    }
                    return -Math.log(sum);
                });
    }

    /** The digits of a number. */
    private static int[] said(int way, int frames, int tokens) {
        var said = new int[frames];
        Arrays.setAll(said, frame -> way / (int) Math.pow(tokens, frame) % tokens);
        return said;
    }

    /** What is said in one go is one letter, and blanks are none. */
    private static int[] heard(int[] said) {
        return IntStream.range(0, said.length)
                .filter(i -> said[i] != 0 && (i == 0 || said[i] != said[i - 1]))
                .map(i -> said[i])
                .toArray();
    }

    /** Some pairs have equal scores. */
    private void order(int pairs, int columns) {
        double temperature = 2;
        double[] scores = IntStream.range(0, pairs).mapToDouble(p -> p * 5 % 6).toArray();
        add(
                "order",
                List.of(Operand.constant(2 * pairs, columns)),
                pairs * pairs,
                (stream, o, dy) -> Losses.order(stream, o.tensor(0), scores, temperature, dy),
                m -> {
                    double[] cosines = IntStream.range(0, pairs)
                            .mapToDouble(p -> IntStream.range(0, columns)
                                    .mapToDouble(c -> m.getFirst().get(p, c)
                                            * m.getFirst().get(pairs + p, c))
                                    .sum())
                            .toArray();
                    double total = 1;
                    for (int p = 0; p < pairs; p++) {
                        for (int q = 0; q < pairs; q++) {
                            total += scores[p] > scores[q] ? Math.exp((cosines[q] - cosines[p]) / temperature) : 0;
                        }
                    }
                    return Math.log(total);
                });
    }
}
