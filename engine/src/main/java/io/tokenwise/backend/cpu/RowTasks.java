package io.tokenwise.backend.cpu;

import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Floats;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * {@link Stream}'s operations on the rows of a matrix, each by itself, and their gradients, cut into tasks; shapes are already checked.
 * One caller at a time, like the stream.
 */
final class RowTasks {
    private final RangeJob range;

    RowTasks(RangeJob range) {
        this.range = range;
    }

    void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        range.operands(x, weight, bias);
        range.d = y.floats();
        range.blocks = y.columns();
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().dots(o.a, o.b, o.c, o.blocks, o.d, o.columns, from, to, s));
    }

    /** Copies columns of a row, from {@code column} on, to those of the entries {@code from} (inclusive) to {@code to} (exclusive) of rows, if null themselves rows. */
    void copyToRows(Tensor row, int column, int[] rows, int from, int to, Tensor y) {
        range.operands(row, y, null);
        range.columns = y.columns();
        range.rows = from;
        range.blocks = column;
        range.integers = rows;
        range.forEach(to - from, RangeJob.grain(y.columns() - column), RowTasks::copyToRows);
    }

    private static void copyToRows(RangeJob o, int from, int to, Scratch scratch) {
        long bytes = (long) (o.columns - o.blocks) * Float.BYTES;
        for (int i = o.rows + from; i < o.rows + to; i++) {
            int row = o.integers == null ? i : o.integers[i];
            long target = o.b.at((long) row * o.columns + o.blocks);
            MemorySegment.copy(o.a.segment(), o.a.at(o.blocks), o.b.segment(), target, bytes);
        }
    }

    void takeRows(Tensor x, int[] rows, Tensor y) {
        range.operands(x, y, null);
        range.integers = rows;
        range.forRows(y, (o, from, to, s) -> {
            for (int i = from; i < to; i++) {
                copyRow(o.a, o.integers[i], o.b, i, o.columns);
            }
        });
    }

    /** {@code y[rows[i]] = x[i]}. */
    void putRows(Tensor x, int[] rows, Tensor y) {
        range.operands(x, y, null);
        range.integers = rows;
        range.forRows(x, (o, from, to, s) -> {
            for (int i = from; i < to; i++) {
                copyRow(o.a, i, o.b, o.integers[i], o.columns);
            }
        });
    }

    private static void copyRow(Floats source, int sourceRow, Floats target, int targetRow, int columns) {
        MemorySegment.copy(
                source.segment(),
                source.at((long) sourceRow * columns),
                target.segment(),
                target.at((long) targetRow * columns),
                (long) columns * Float.BYTES);
    }

    void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        range.operands(x, gamma, beta);
        range.d = y.floats();
        range.e = statistics == null ? null : statistics.floats();
        range.value = epsilon;
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().layerNorm(o.a, o.b, o.c, o.value, o.d, o.e, o.columns, from, to));
    }

    void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        range.operands(x, gamma, statistics);
        range.d = dy.floats();
        range.e = dx.floats();
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().layerNormBackward(o.a, o.b, o.c, o.d, o.e, o.columns, from, to));
    }

    void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        range.operands(x, statistics, dy);
        range.d = dGamma.floats();
        range.e = dBeta.floats();
        range.forColumns(
                x,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .layerNormParameterGradient(o.a, o.b, o.c, o.d, o.e, o.rows, o.columns, from, to));
    }

    void addColumnSums(Tensor x, Tensor sums) {
        range.operands(x, sums, null);
        range.forColumns(
                x, (o, from, to, s) -> o.kernels.rows().addColumnSums(o.a, o.b, o.rows, o.columns, from, to));
    }

    void softmax(Tensor x, Tensor y) {
        range.operands(x, y, null);
        range.forRows(x, (o, from, to, s) -> o.kernels.rows().softmax(o.a, o.b, o.columns, from, to));
    }

    void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        range.operands(y, dy, dx);
        range.forRows(
                y, (o, from, to, s) -> o.kernels.rows().softmaxBackward(o.a, o.b, o.c, o.columns, from, to));
    }

    void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        range.operands(x, y, norms);
        range.forRows(x, (o, from, to, s) -> o.kernels.rows().l2Normalize(o.a, o.b, o.c, o.columns, from, to));
    }

    void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        range.operands(y, norms, dy);
        range.d = dx.floats();
        range.forRows(
                y,
                (o, from, to, s) -> o.kernels.rows().l2NormalizeBackward(o.a, o.b, o.c, o.d, o.columns, from, to));
    }

    void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        range.operands(x, scale, y);
        range.blocks = scale.columns();
        range.forRows(
                x,
                (o, from, to, s) ->
                        o.kernels.rows().scaleBlocks(o.a, o.b, o.c, o.blocks, o.columns / o.blocks, from, to));
    }

    void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        range.operands(x, scale, dy);
        range.d = dx.floats();
        range.e = dScale.floats();
        range.blocks = scale.columns();
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .scaleBlocksBackward(o.a, o.b, o.c, o.d, o.e, o.blocks, o.columns / o.blocks, from, to));
    }

    void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        range.operands(x, scale, y);
        range.blocks = scale.columns();
        range.integers = places;
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .scaleUnits(o.a, o.b, o.blocks, o.integers, o.c, o.columns / o.integers.length, from, to));
    }

    void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        range.operands(x, y, null);
        range.blocks = width;
        range.integers = starts;
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().gatherUnits(o.a, o.columns, o.integers, o.blocks, o.b, from, to));
    }

    void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        range.operands(x, scale, dy);
        range.d = dx.floats();
        range.e = dScale.floats();
        range.blocks = scale.columns();
        range.integers = places;
        range.forRows(
                x,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .scaleUnitsBackward(
                                o.a,
                                o.b,
                                o.blocks,
                                o.integers,
                                o.c,
                                o.d,
                                o.e,
                                o.columns / o.integers.length,
                                from,
                                to));
    }

    void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        for (int i = 0; i < logits.size(); i++) {
            soft.floats().set(i, (logits.floats().get(i) + noise.floats().get(i)) / temperature);
        }
        for (int row = 0; row < logits.rows(); row++) {
            int count = argmax(soft, row);
            for (int n = 0; n < running.columns(); n++) {
                running.host().set(row, n, n < count ? 1 : 0);
            }
        }
        softmax(soft, soft);
    }

    void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        for (int row = 0; row < soft.rows(); row++) {
            float cumulated = 0;
            dLogits.host().set(row, 0, 0);
            for (int n = 0; n < dRunning.columns(); n++) {
                cumulated += dRunning.host().get(row, n) / temperature;
                dLogits.host().set(row, n + 1, cumulated);
            }
        }
        softmaxBackward(soft, dLogits, dLogits);
    }

    private static int argmax(Tensor x, int row) {
        int best = 0;
        for (int column = 1; column < x.columns(); column++) {
            if (x.host().get(row, column) > x.host().get(row, best)) {
                best = column;
            }
        }
        return best;
    }
}
