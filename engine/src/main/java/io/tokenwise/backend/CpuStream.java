package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.kernels.SequenceOps.AttentionCall;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.MemorySegment;

/**
 * The stream of the backends that compute on the CPU: checks shapes, cuts work into tasks, and calls kernels; matrix products are its
 * backend's own. Allocates nothing once warm.
 */
final class CpuStream implements Stream {
    /** Values whose squares are summed by one task: the blocks, and so the bits, are the same for any number of threads. */
    private static final int SQUARES_BLOCK = RangeJob.GRAIN_VALUES;

    private final WorkerPool pool;
    private final Kernels kernels;
    private final Scratch scratch = new Scratch();
    private final RangeJob range;
    private final Products products;
    private final AttentionJob attention;

    CpuStream(Kernels kernels, WorkerPool pool, Products products) {
        this.pool = pool;
        this.kernels = kernels;
        this.products = products;
        this.range = new RangeJob(kernels, pool);
        this.attention = new AttentionJob(kernels.sequences());
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, int fromRow, int fromColumn, boolean transposed, PackedMatrix target) {
        int rows = transposed ? target.outputs() : target.inputs();
        int columns = transposed ? target.inputs() : target.outputs();
        if (fromRow < 0
                || fromColumn < 0
                || fromRow + rows > source.rows()
                || fromColumn + columns > source.columns()) {
            throw new IllegalArgumentException("pack: [" + rows + ", " + columns + "] from (" + fromRow + ", "
                    + fromColumn + ") is outside " + source.shape());
        }
        products.pack(source, fromRow, fromColumn, transposed, target);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        Shapes.product("linear", x, weight, y);
        Shapes.require("linear", y, x.rows(), weight.outputs());
        if (bias != null) {
            Shapes.vector("linear bias", bias, weight.outputs());
        }
        if (residual != null) {
            Shapes.same("linear residual", residual, y);
        }
        products.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, int[] rows, int[] sliceRows, MlpSlices slices, Tensor residual, Tensor units, Tensor y) {
        if (sliceRows.length < slices.count() || sliceRows[0] < 0) {
            throw new IllegalArgumentException(
                    "mlp: " + slices.count() + " slices need as many numbers of rows, none of them negative");
        }
        int count = sliceRows[0];
        Shapes.require("mlp", x, x.rows(), slices.inputs());
        Shapes.require("mlp", y, x.rows(), slices.outputs());
        Shapes.require("mlp units", units, count, slices.widest());
        if (residual != null) {
            Shapes.same("mlp residual", residual, y);
        }
        for (int n = 1; n < slices.count(); n++) {
            if (sliceRows[n] < 0 || sliceRows[n] > sliceRows[n - 1]) {
                throw new IllegalArgumentException("mlp: slice " + n + " has " + sliceRows[n]
                        + " rows, but the slice before it " + sliceRows[n - 1] + "; they must descend");
            }
        }
        if (rows != null) {
            Shapes.rows("mlp", rows, count, x.rows());
        } else if (count > x.rows()) {
            throw new IllegalArgumentException("mlp: " + count + " rows wanted, " + x.rows() + " given");
        }
        products.mlp(x, rows, sliceRows, slices, residual, units, y);
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        int group = RowOps.DOTS_GROUP;
        Shapes.require("dots weight", weight, (y.columns() + group - 1) / group * group, x.columns());
        Shapes.require("dots", y, x.rows(), y.columns());
        Shapes.vector("dots bias", bias, y.columns());
        operands(x, weight, bias);
        range.d = y.floats();
        range.blocks = y.columns();
        forRows(x, (o, from, to, s) -> o.kernels.rows().dots(o.a, o.b, o.c, o.blocks, o.d, o.columns, from, to, s));
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        Shapes.require("weightGradient", dWeight, x.columns(), dy.columns());
        if (x.rows() != dy.rows()) {
            throw new IllegalArgumentException("weightGradient: rows differ: " + x.shape() + " and " + dy.shape());
        }
        workspace.push();
        products.weightGradient(x, dy, workspace, dWeight);
        workspace.pop();
    }

    // ---- values

    @Override
    public void gelu(Tensor x, Tensor y) {
        Shapes.same("gelu", x, y);
        operands(x, y, null);
        forValues(x, (o, from, to, s) -> o.kernels.elementwise().gelu(o.a, o.b, from, to));
    }

    @Override
    public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        Shapes.same("geluBackward", x, dy);
        Shapes.same("geluBackward", x, dx);
        operands(x, dy, dx);
        forValues(x, (o, from, to, s) -> o.kernels.elementwise().geluBackward(o.a, o.b, o.c, from, to));
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        Shapes.same("add", a, b);
        Shapes.same("add", a, y);
        operands(a, b, y);
        forValues(a, (o, from, to, s) -> o.kernels.elementwise().add(o.a, o.b, o.c, from, to));
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        Shapes.same("addScaled", x, y);
        operands(x, y, null);
        range.value = factor;
        forValues(x, (o, from, to, s) -> o.kernels.elementwise().addScaled(o.a, o.value, o.b, from, to));
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        Shapes.same("copy", x, y);
        MemorySegment.copy(
                x.floats().segment(),
                x.floats().offset(),
                y.floats().segment(),
                y.floats().offset(),
                bytes(x));
    }

    @Override
    public void fill(Tensor x, float value) {
        range.a = x.floats();
        range.value = value;
        forValues(x, value == 0 ? CpuStream::clear : CpuStream::fill);
    }

    private static void clear(RangeJob o, int from, int to, Scratch scratch) {
        long bytes = (long) (to - from) * Float.BYTES;
        o.a.segment().asSlice(o.a.at(from), bytes).fill((byte) 0);
    }

    private static void fill(RangeJob o, int from, int to, Scratch scratch) {
        for (int i = from; i < to; i++) {
            o.a.set(i, o.value);
        }
    }

    @Override
    public double sumOfSquares(Tensor x) {
        int blocks = Math.ceilDiv(x.size(), SQUARES_BLOCK);
        var sums = new double[blocks];
        range.a = x.floats();
        range.rows = x.size();
        range.sums = sums;
        range.forEach(blocks, 1, scratch, CpuStream::sumsOfSquares);
        double total = 0;
        for (double sum : sums) {
            total += sum;
        }
        return total;
    }

    private static void sumsOfSquares(RangeJob o, int from, int to, Scratch scratch) {
        for (int block = from; block < to; block++) {
            int start = block * SQUARES_BLOCK;
            int end = (int) Math.min(o.rows, start + (long) SQUARES_BLOCK);
            o.sums[block] = o.kernels.elementwise().sumOfSquares(o.a, start, end);
        }
    }

    @Override
    public void addBias(Tensor x, int[] rows, int from, int to, Tensor bias, Tensor y) {
        Shapes.same("addBias", x, y);
        Shapes.rows("addBias", rows, to, x.rows());
        Shapes.vector("addBias", bias, x.columns());
        for (int i = from; i < to; i++) {
            long at = (long) rows[i] * x.columns();
            kernels.conversions().add(x.floats(), at, bias.floats(), 0, x.columns(), y.floats(), at);
        }
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        Shapes.same("adamW", weight, gradient);
        Shapes.same("adamW", weight, m);
        Shapes.same("adamW", weight, v);
        operands(weight, gradient, m);
        range.d = v.floats();
        range.step = step;
        forValues(weight, (o, from, to, s) -> o.kernels.elementwise().adamW(o.a, o.b, o.c, o.d, o.step, from, to));
    }

    // ---- rows

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        Shapes.same("layerNorm", x, y);
        Shapes.vector("layerNorm gamma", gamma, x.columns());
        Shapes.vector("layerNorm beta", beta, x.columns());
        operands(x, gamma, beta);
        range.d = y.floats();
        range.e = null;
        if (statistics != null) {
            Shapes.require("layerNorm statistics", statistics, x.rows(), 2);
            range.e = statistics.floats();
        }
        range.value = epsilon;
        forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().layerNorm(o.a, o.b, o.c, o.value, o.d, o.e, o.columns, from, to));
    }

    @Override
    public void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        Shapes.same("layerNormBackward", x, dy);
        Shapes.same("layerNormBackward", x, dx);
        Shapes.vector("layerNormBackward gamma", gamma, x.columns());
        Shapes.require("layerNormBackward statistics", statistics, x.rows(), 2);
        operands(x, gamma, statistics);
        range.d = dy.floats();
        range.e = dx.floats();
        forRows(
                x,
                (o, from, to, s) -> o.kernels.rows().layerNormBackward(o.a, o.b, o.c, o.d, o.e, o.columns, from, to));
    }

    @Override
    public void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        Shapes.same("layerNormParameterGradient", x, dy);
        Shapes.require("layerNormParameterGradient statistics", statistics, x.rows(), 2);
        Shapes.vector("layerNormParameterGradient gamma", dGamma, x.columns());
        Shapes.vector("layerNormParameterGradient beta", dBeta, x.columns());
        operands(x, statistics, dy);
        range.d = dGamma.floats();
        range.e = dBeta.floats();
        forColumns(
                x,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .layerNormParameterGradient(o.a, o.b, o.c, o.d, o.e, o.rows, o.columns, from, to));
    }

    @Override
    public void addColumnSums(Tensor x, Tensor sums) {
        Shapes.vector("addColumnSums", sums, x.columns());
        operands(x, sums, null);
        forColumns(x, (o, from, to, s) -> o.kernels.rows().addColumnSums(o.a, o.b, o.rows, o.columns, from, to));
    }

    @Override
    public void softmax(Tensor x, Tensor y) {
        Shapes.same("softmax", x, y);
        operands(x, y, null);
        forRows(x, (o, from, to, s) -> o.kernels.rows().softmax(o.a, o.b, o.columns, from, to));
    }

    @Override
    public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        Shapes.same("softmaxBackward", y, dy);
        Shapes.same("softmaxBackward", y, dx);
        operands(y, dy, dx);
        forRows(y, (o, from, to, s) -> o.kernels.rows().softmaxBackward(o.a, o.b, o.c, o.columns, from, to));
    }

    @Override
    public void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        Shapes.same("l2Normalize", x, y);
        operands(x, y, null);
        if (norms != null) {
            Shapes.vector("l2Normalize norms", norms, x.rows());
            range.c = norms.floats();
        }
        forRows(x, (o, from, to, s) -> o.kernels.rows().l2Normalize(o.a, o.b, o.c, o.columns, from, to));
    }

    @Override
    public void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        Shapes.same("l2NormalizeBackward", y, dy);
        Shapes.same("l2NormalizeBackward", y, dx);
        Shapes.vector("l2NormalizeBackward norms", norms, y.rows());
        operands(y, norms, dy);
        range.d = dx.floats();
        forRows(y, (o, from, to, s) -> o.kernels.rows().l2NormalizeBackward(o.a, o.b, o.c, o.d, o.columns, from, to));
    }

    @Override
    public void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        Shapes.same("scaleBlocks", x, y);
        operands(x, scale, y);
        forBlocks(
                x,
                scale,
                (o, from, to, s) ->
                        o.kernels.rows().scaleBlocks(o.a, o.b, o.c, o.blocks, o.columns / o.blocks, from, to));
    }

    @Override
    public void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleBlocksBackward", x, dy);
        Shapes.same("scaleBlocksBackward", x, dx);
        Shapes.same("scaleBlocksBackward", scale, dScale);
        operands(x, scale, dy);
        range.d = dx.floats();
        range.e = dScale.floats();
        forBlocks(
                x,
                scale,
                (o, from, to, s) -> o.kernels
                        .rows()
                        .scaleBlocksBackward(o.a, o.b, o.c, o.d, o.e, o.blocks, o.columns / o.blocks, from, to));
    }

    @Override
    public void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        Shapes.same("choose", logits, noise);
        Shapes.same("choose", logits, soft);
        Shapes.require("choose", running, logits.rows(), logits.columns() - 1);
        for (int i = 0; i < logits.size(); i++) {
            soft.floats().set(i, (logits.floats().get(i) + noise.floats().get(i)) / temperature);
        }
        for (int row = 0; row < logits.rows(); row++) {
            int count = argmax(soft, row);
            for (int n = 0; n < running.columns(); n++) {
                running.set(row, n, n < count ? 1 : 0);
            }
        }
        softmax(soft, soft);
    }

    @Override
    public void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        Shapes.same("chooseBackward", soft, dLogits);
        Shapes.require("chooseBackward", dRunning, soft.rows(), soft.columns() - 1);
        for (int row = 0; row < soft.rows(); row++) {
            float cumulated = 0;
            dLogits.set(row, 0, 0);
            for (int n = 0; n < dRunning.columns(); n++) {
                cumulated += dRunning.get(row, n) / temperature;
                dLogits.set(row, n + 1, cumulated);
            }
        }
        softmaxBackward(soft, dLogits, dLogits);
    }

    @Override
    public void argmaxAfterZero(Tensor x, int at, int[] choice) {
        if (choice.length - at < x.rows()) {
            throw new IllegalArgumentException(
                    "argmaxAfterZero: " + x.rows() + " rows, room for " + (choice.length - at));
        }
        var values = x.floats();
        long next = 0;
        for (int row = 0; row < x.rows(); row++) {
            int best = 0;
            float most = 0;
            for (int column = 1; column <= x.columns(); column++) {
                float value = values.get(next++);
                if (value > most) {
                    best = column;
                    most = value;
                }
            }
            choice[at + row] = best;
        }
    }

    private static int argmax(Tensor x, int row) {
        int best = 0;
        for (int column = 1; column < x.columns(); column++) {
            if (x.get(row, column) > x.get(row, best)) {
                best = column;
            }
        }
        return best;
    }

    // ---- sequences

    @Override
    public void embeddingSum(
            int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        checkEmbedding("embeddingSum", ids, offsets, sequences, words, positions, types, y);
        operands(words, positions, types);
        range.d = y.floats();
        range.integers = ids;
        forSequences(
                y,
                offsets,
                sequences,
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .embeddingSum(o.integers, o.offsets, o.a, o.b, 0, o.c, o.d, o.columns, from, to));
    }

    @Override
    public void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        checkEmbedding("embeddingSumBackward", ids, offsets, sequences, dWords, dPositions, dTypes, dy);
        operands(dy, dWords, dPositions);
        range.d = dTypes == null ? null : dTypes.floats();
        range.integers = ids;
        range.offsets = offsets;
        range.blocks = sequences;
        forColumns(
                dy,
                (o, from, to, s) -> o.kernels
                        .sequences()
                        .embeddingSumBackward(
                                o.integers, o.offsets, o.blocks, o.a, o.b, o.c, 0, o.d, o.columns, from, to));
    }

    private static void checkEmbedding(
            String operation,
            int[] ids,
            int[] offsets,
            int sequences,
            Tensor words,
            Tensor positions,
            Tensor types,
            Tensor y) {
        Shapes.offsets(operation, offsets, sequences, y.rows());
        Shapes.rows(operation, ids, y.rows(), words.rows());
        Shapes.sameColumns(operation, words, y);
        Shapes.sameColumns(operation, positions, y);
        if (types != null) {
            Shapes.sameColumns(operation, types, y);
        }
        for (int i = 0; i < sequences; i++) {
            int length = offsets[i + 1] - offsets[i];
            if (length > positions.rows()) {
                throw new IllegalArgumentException(operation + ": sequence " + i + " has " + length
                        + " tokens, there are " + positions.rows() + " positions");
            }
        }
    }

    @Override
    public void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        pool(
                "meanPool",
                x,
                offsets,
                sequences,
                y,
                (o, from, to, s) -> o.kernels.sequences().meanPool(o.a, o.offsets, o.b, o.columns, from, to));
    }

    @Override
    public void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        pool(
                "meanPoolBackward",
                dx,
                offsets,
                sequences,
                dy,
                (o, from, to, s) -> o.kernels.sequences().meanPoolBackward(o.b, o.offsets, o.a, o.columns, from, to));
    }

    @Override
    public void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        pool(
                "firstPool",
                x,
                offsets,
                sequences,
                y,
                (o, from, to, s) -> o.kernels.sequences().firstPool(o.a, o.offsets, o.b, o.columns, from, to));
    }

    @Override
    public void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        pool(
                "firstPoolBackward",
                dx,
                offsets,
                sequences,
                dy,
                (o, from, to, s) -> o.kernels.sequences().firstPoolBackward(o.b, o.offsets, o.a, o.columns, from, to));
    }

    private void pool(
            String operation, Tensor tokens, int[] offsets, int sequences, Tensor pooled, RangeJob.Body body) {
        Shapes.offsets(operation, offsets, sequences, tokens.rows());
        Shapes.require(operation, pooled, sequences, tokens.columns());
        operands(tokens, pooled, null);
        forSequences(tokens, offsets, sequences, body);
    }

    @Override
    public void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        prepareAttention("attention", qkv, offsets, sequences, heads, context, probabilities);
        attention.call.context = context.floats();
        attention.backward = false;
        pool.run(attention, attention.tasks(pool.threads()), scratch);
    }

    @Override
    public void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        prepareAttention("attentionBackward", qkv, offsets, sequences, heads, dContext, probabilities);
        Shapes.same("attentionBackward", qkv, dQkv);
        AttentionCall call = attention.call;
        call.dContext = dContext.floats();
        call.dQkv = dQkv.floats();
        attention.backward = true;
        pool.run(attention, attention.tasks(pool.threads()), scratch);
    }

    private void prepareAttention(
            String operation,
            Tensor qkv,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context,
            Tensor probabilities) {
        Shapes.offsets(operation, offsets, sequences, qkv.rows());
        if (qkv.columns() % (3 * heads) != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + qkv.shape() + " does not hold Q, K, V of " + heads + " heads");
        }
        Shapes.require(operation, context, qkv.rows(), qkv.columns() / 3);
        attention.prepare(qkv, offsets, sequences, heads, probabilities);
    }

    // ---- cutting work

    private void operands(Tensor a, Tensor b, Tensor c) {
        range.a = a.floats();
        range.b = b.floats();
        range.c = c == null ? null : c.floats();
    }

    private void forValues(Tensor x, RangeJob.Body body) {
        range.forEach(x.size(), RangeJob.GRAIN_VALUES, scratch, body);
    }

    private void forRows(Tensor x, RangeJob.Body body) {
        range.columns = x.columns();
        range.forEach(x.rows(), grain(x.columns()), scratch, body);
    }

    private void forBlocks(Tensor x, Tensor scale, RangeJob.Body body) {
        if (scale.rows() != x.rows() || scale.columns() == 0 || x.columns() % scale.columns() != 0) {
            throw new IllegalArgumentException(
                    "scaleBlocks: " + x.shape() + " cannot be scaled in blocks by " + scale.shape());
        }
        range.blocks = scale.columns();
        forRows(x, body);
    }

    /** Cuts columns at multiples of 16 values, one cache line, so that no two threads write the same line. */
    private void forColumns(Tensor x, RangeJob.Body body) {
        range.columns = x.columns();
        range.rows = x.rows();
        range.forEach(x.columns(), Math.max(16, (grain(x.rows()) + 15) / 16 * 16), scratch, body);
    }

    private void forSequences(Tensor tokens, int[] offsets, int sequences, RangeJob.Body body) {
        range.offsets = offsets;
        range.columns = tokens.columns();
        int valuesPerSequence = tokens.size() / Math.max(1, sequences);
        range.forEach(sequences, grain(valuesPerSequence), scratch, body);
    }

    private static int grain(int valuesPerIndex) {
        return Math.max(1, RangeJob.GRAIN_VALUES / Math.max(1, valuesPerIndex));
    }

    private static long bytes(Tensor x) {
        return (long) x.size() * Float.BYTES;
    }
}
