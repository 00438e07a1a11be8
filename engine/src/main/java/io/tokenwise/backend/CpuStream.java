package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.kernels.Scratch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * The stream of the backends that compute on the CPU: checks shapes, and leaves the work to its backend's {@link Products} and to
 * {@link ValueTasks}, {@link RowTasks}, {@link SequenceTasks} and {@link SpeechTasks}, whose operations have the same names. Allocates nothing once warm.
 */
final class CpuStream implements Stream {
    private final Products products;
    private final ValueTasks valueTasks;
    private final RowTasks rowTasks;
    private final SequenceTasks sequenceTasks;
    private final SpeechTasks speechTasks;

    CpuStream(Kernels kernels, WorkerPool pool, Products products) {
        var range = new RangeJob(kernels, pool);
        var scratch = new Scratch();
        this.products = products;
        this.valueTasks = new ValueTasks(range, scratch);
        this.rowTasks = new RowTasks(range, scratch);
        this.sequenceTasks = new SequenceTasks(range, scratch, pool);
        this.speechTasks = new SpeechTasks(range, scratch, pool);
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        int rows = transposed ? target.outputs() : target.inputs();
        int columns = transposed ? target.inputs() : target.outputs();
        Shapes.require("pack", source, rows, columns);
        products.pack(source, 0, 0, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        boolean alongOutputs = slices.getFirst().inputs() == source.rows();
        int rows = alongOutputs ? source.rows() : 0;
        int columns = alongOutputs ? 0 : slices.getFirst().outputs();
        for (PackedMatrix slice : slices) {
            rows += alongOutputs ? 0 : slice.inputs();
            columns += alongOutputs ? slice.outputs() : 0;
        }
        if (rows != source.rows() || columns != source.columns()) {
            throw new IllegalArgumentException("pack: " + slices.size() + " slices of [" + rows + ", " + columns
                    + "] in all are not " + source.shape());
        }
        products.packSlices(source, slices);
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
        Shapes.sliceRows("mlp", rows, sliceRows, slices.count(), x.rows());
        Shapes.require("mlp", x, x.rows(), slices.inputs());
        Shapes.require("mlp", y, x.rows(), slices.outputs());
        Shapes.require("mlp units", units, sliceRows[0], slices.widest());
        if (residual != null) {
            Shapes.same("mlp residual", residual, y);
        }
        products.mlp(x, rows, sliceRows, slices, residual, units, y);
    }

    @Override
    public void linearSlices(
            Tensor x, int[] rows, int count, int[] sliceRows, OutputSlices slices, Tensor rest, Tensor y) {
        Shapes.sliceRows("linearSlices", rows, sliceRows, slices.count(), x.rows());
        Shapes.require("linearSlices", x, x.rows(), slices.inputs());
        Shapes.require("linearSlices", y, x.rows(), Math.max(y.columns(), slices.columns()));
        Shapes.vector("linearSlices rest", rest, y.columns());
        Shapes.count("linearSlices", rows, count, x.rows());
        Shapes.count("linearSlices", null, sliceRows[0], count);
        int column = 0;
        for (int n = 0, end = count; n < slices.count(); end = sliceRows[n++]) {
            rowTasks.copyToRows(rest, column, rows, sliceRows[n], end, y);
            column += slices.weights().get(n).outputs();
        }
        if (column < y.columns()) {
            rowTasks.copyToRows(rest, column, rows, 0, sliceRows[slices.count() - 1], y);
        }
        products.linearSlices(x, rows, sliceRows, slices, y);
    }

    @Override
    public void sumSlices(Tensor x, int[] rows, int[] sliceRows, InputSlices slices, Tensor residual, Tensor y) {
        Shapes.sliceRows("sumSlices", rows, sliceRows, slices.count(), x.rows());
        Shapes.require("sumSlices", x, x.rows(), Math.max(x.columns(), slices.columns()));
        Shapes.require("sumSlices", y, x.rows(), slices.outputs());
        if (residual != null) {
            Shapes.same("sumSlices residual", residual, y);
        }
        products.sumSlices(x, rows, sliceRows, slices, residual, y);
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        int group = RowOps.DOTS_GROUP;
        Shapes.require("dots weight", weight, (y.columns() + group - 1) / group * group, x.columns());
        Shapes.require("dots", y, x.rows(), y.columns());
        Shapes.vector("dots bias", bias, y.columns());
        rowTasks.dots(x, weight, bias, y);
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
        valueTasks.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        Shapes.same("geluBackward", x, dy);
        Shapes.same("geluBackward", x, dx);
        valueTasks.geluBackward(x, dy, dx);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        Shapes.same("add", a, b);
        Shapes.same("add", a, y);
        valueTasks.add(a, b, y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        Shapes.same("addScaled", x, y);
        valueTasks.addScaled(x, factor, y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        Shapes.same("copy", x, y);
        valueTasks.copy(x, y);
    }

    @Override
    public void fill(Tensor x, float value) {
        valueTasks.fill(x, value);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return valueTasks.sumOfSquares(x);
    }

    @Override
    public void addBias(Tensor x, int[] rows, int from, int to, Tensor bias, Tensor y) {
        Shapes.same("addBias", x, y);
        Shapes.rows("addBias", rows, to, x.rows());
        Shapes.vector("addBias", bias, x.columns());
        valueTasks.addBias(x, rows, from, to, bias, y);
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        Shapes.same("adamW", weight, gradient);
        Shapes.same("adamW", weight, m);
        Shapes.same("adamW", weight, v);
        valueTasks.adamW(weight, gradient, m, v, step);
    }

    // ---- rows

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        Shapes.same("layerNorm", x, y);
        Shapes.vector("layerNorm gamma", gamma, x.columns());
        Shapes.vector("layerNorm beta", beta, x.columns());
        if (statistics != null) {
            Shapes.require("layerNorm statistics", statistics, x.rows(), 2);
        }
        rowTasks.layerNorm(x, gamma, beta, epsilon, y, statistics);
    }

    @Override
    public void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        Shapes.same("layerNormBackward", x, dy);
        Shapes.same("layerNormBackward", x, dx);
        Shapes.vector("layerNormBackward gamma", gamma, x.columns());
        Shapes.require("layerNormBackward statistics", statistics, x.rows(), 2);
        rowTasks.layerNormBackward(x, gamma, statistics, dy, dx);
    }

    @Override
    public void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        Shapes.same("layerNormParameterGradient", x, dy);
        Shapes.require("layerNormParameterGradient statistics", statistics, x.rows(), 2);
        Shapes.vector("layerNormParameterGradient gamma", dGamma, x.columns());
        Shapes.vector("layerNormParameterGradient beta", dBeta, x.columns());
        rowTasks.layerNormParameterGradient(x, statistics, dy, dGamma, dBeta);
    }

    @Override
    public void addColumnSums(Tensor x, Tensor sums) {
        Shapes.vector("addColumnSums", sums, x.columns());
        rowTasks.addColumnSums(x, sums);
    }

    @Override
    public void softmax(Tensor x, Tensor y) {
        Shapes.same("softmax", x, y);
        rowTasks.softmax(x, y);
    }

    @Override
    public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        Shapes.same("softmaxBackward", y, dy);
        Shapes.same("softmaxBackward", y, dx);
        rowTasks.softmaxBackward(y, dy, dx);
    }

    @Override
    public void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        Shapes.same("l2Normalize", x, y);
        if (norms != null) {
            Shapes.vector("l2Normalize norms", norms, x.rows());
        }
        rowTasks.l2Normalize(x, y, norms);
    }

    @Override
    public void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        Shapes.same("l2NormalizeBackward", y, dy);
        Shapes.same("l2NormalizeBackward", y, dx);
        Shapes.vector("l2NormalizeBackward norms", norms, y.rows());
        rowTasks.l2NormalizeBackward(y, norms, dy, dx);
    }

    @Override
    public void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        Shapes.same("scaleBlocks", x, y);
        Shapes.blocks("scaleBlocks", x, scale);
        rowTasks.scaleBlocks(x, scale, y);
    }

    @Override
    public void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleBlocksBackward", x, dy);
        Shapes.same("scaleBlocksBackward", x, dx);
        Shapes.same("scaleBlocksBackward", scale, dScale);
        Shapes.blocks("scaleBlocksBackward", x, scale);
        rowTasks.scaleBlocksBackward(x, scale, dy, dx, dScale);
    }

    @Override
    public void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        Shapes.same("scaleUnits", x, y);
        Shapes.units("scaleUnits", x, scale, places);
        rowTasks.scaleUnits(x, scale, places, y);
    }

    @Override
    public void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        Shapes.gathered("gatherUnits", x, starts, width, y);
        rowTasks.gatherUnits(x, starts, width, y);
    }

    @Override
    public void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleUnitsBackward", x, dy);
        Shapes.same("scaleUnitsBackward", x, dx);
        Shapes.same("scaleUnitsBackward", scale, dScale);
        Shapes.units("scaleUnitsBackward", x, scale, places);
        rowTasks.scaleUnitsBackward(x, scale, places, dy, dx, dScale);
    }

    @Override
    public void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        Shapes.same("choose", logits, noise);
        Shapes.same("choose", logits, soft);
        Shapes.require("choose", running, logits.rows(), logits.columns() - 1);
        rowTasks.choose(logits, noise, temperature, soft, running);
    }

    @Override
    public void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        Shapes.same("chooseBackward", soft, dLogits);
        Shapes.require("chooseBackward", dRunning, soft.rows(), soft.columns() - 1);
        rowTasks.chooseBackward(soft, temperature, dRunning, dLogits);
    }

    @Override
    public void argmaxAfterZero(Tensor x, int at, int[] choice) {
        if (choice.length - at < x.rows()) {
            throw new IllegalArgumentException(
                    "argmaxAfterZero: " + x.rows() + " rows, room for " + (choice.length - at));
        }
        rowTasks.argmaxAfterZero(x, at, choice);
    }

    // ---- sequences

    @Override
    public void embeddingSum(
            int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        checkEmbedding("embeddingSum", ids, offsets, sequences, words, positions, types, y);
        sequenceTasks.embeddingSum(ids, offsets, sequences, words, positions, types, y);
    }

    @Override
    public void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        checkEmbedding("embeddingSumBackward", ids, offsets, sequences, dWords, dPositions, dTypes, dy);
        sequenceTasks.embeddingSumBackward(ids, offsets, sequences, dy, dWords, dPositions, dTypes);
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
    public void patches(int[] pixels, int images, ImagePatches patches, Tensor y) {
        int size = patches.imageSize();
        if ((long) images * size * size > pixels.length) {
            throw new IllegalArgumentException(
                    "patches: " + pixels.length + " pixels are not " + images + " images of " + size + " x " + size);
        }
        Shapes.require("patches", y, images * patches.count(), patches.values());
        sequenceTasks.patches(pixels, images, patches, y);
    }

    @Override
    public void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        checkWithFirst("withFirst", x, first, positions, y);
        sequenceTasks.withFirst(x, first, positions, y);
    }

    @Override
    public void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        checkWithFirst("withFirstBackward", dx == null ? dy : dx, dFirst, dPositions, dy);
        if (dx != null) {
            sequenceTasks.withoutFirst(dy, dx, dPositions.rows());
        }
        sequenceTasks.withFirstBackward(dy, dFirst, dPositions);
    }

    private static void checkWithFirst(String operation, Tensor x, Tensor first, Tensor positions, Tensor y) {
        int tokens = positions.rows();
        Shapes.sameColumns(operation, positions, y);
        Shapes.vector(operation + " first", first, y.columns());
        if (y.rows() % tokens != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + y.shape() + " are not sequences of " + tokens + " tokens");
        }
        if (x != y) {
            Shapes.require(operation, x, y.rows() / tokens * (tokens - 1), y.columns());
        }
    }

    @Override
    public void takeRows(Tensor x, int[] rows, Tensor y) {
        Shapes.sameColumns("takeRows", x, y);
        Shapes.rows("takeRows", rows, y.rows(), x.rows());
        rowTasks.takeRows(x, rows, y);
    }

    @Override
    public void takeRowsBackward(Tensor dy, int[] rows, Tensor dx) {
        Shapes.sameColumns("takeRowsBackward", dy, dx);
        Shapes.rows("takeRowsBackward", rows, dy.rows(), dx.rows());
        valueTasks.fill(dx, 0);
        rowTasks.putRows(dy, rows, dx);
    }

    @Override
    public void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        checkPool("meanPool", x, offsets, sequences, y);
        sequenceTasks.meanPool(x, offsets, sequences, y);
    }

    @Override
    public void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        checkPool("meanPoolBackward", dx, offsets, sequences, dy);
        sequenceTasks.meanPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        checkPool("firstPool", x, offsets, sequences, y);
        sequenceTasks.firstPool(x, offsets, sequences, y);
    }

    @Override
    public void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        checkPool("firstPoolBackward", dx, offsets, sequences, dy);
        sequenceTasks.firstPoolBackward(dy, offsets, sequences, dx);
    }

    private static void checkPool(String operation, Tensor tokens, int[] offsets, int sequences, Tensor pooled) {
        Shapes.offsets(operation, offsets, sequences, tokens.rows());
        Shapes.require(operation, pooled, sequences, tokens.columns());
    }

    @Override
    public void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        checkAttention("attention", qkv, offsets, sequences, heads, context);
        sequenceTasks.attention(qkv, offsets, sequences, heads, context, probabilities);
    }

    @Override
    public void attention(
            Tensor q,
            Tensor k,
            Tensor v,
            AttentionLayout layout,
            int[] offsets,
            int sequences,
            int heads,
            Tensor context) {
        Shapes.offsets("attention", offsets, sequences, q.rows());
        layout.check(q, k, v, heads, context);
        sequenceTasks.attention(q, k, v, layout, offsets, sequences, heads, context);
    }

    @Override
    public void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        checkAttention("attentionBackward", qkv, offsets, sequences, heads, dContext);
        Shapes.same("attentionBackward", qkv, dQkv);
        sequenceTasks.attentionBackward(qkv, offsets, sequences, heads, probabilities, dContext, dQkv);
    }

    private static void checkAttention(
            String operation, Tensor qkv, int[] offsets, int sequences, int heads, Tensor context) {
        Shapes.offsets(operation, offsets, sequences, qkv.rows());
        if (qkv.columns() % (3 * heads) != 0) {
            throw new IllegalArgumentException(
                    operation + ": " + qkv.shape() + " does not hold Q, K, V of " + heads + " heads");
        }
        Shapes.require(operation, context, qkv.rows(), qkv.columns() / 3);
    }

    // ---- speech

    @Override
    public void samples(int[] values, Tensor y) {
        speechTasks.samples(values, y);
    }

    @Override
    public void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        speechTasks.windows(x, offsets, sequences, width, step, yOffsets, y);
    }

    @Override
    public void tanh(Tensor x, Tensor y) {
        speechTasks.tanh(x, y);
    }

    @Override
    public void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        speechTasks.groupNorm(x, offsets, sequences, gamma, beta, epsilon, y);
    }

    @Override
    public void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        speechTasks.rotate(x, offsets, sequences, position, positions, heads);
    }

    @Override
    public void gatedSilu(Tensor x, int units, Tensor y) {
        speechTasks.gatedSilu(x, units, y);
    }

    @Override
    public void gatedSiluBackward(Tensor x, int units, Tensor dy, Tensor dx) {
        speechTasks.gatedSiluBackward(x, units, dy, dx);
    }

    @Override
    public void toColumns(Tensor x, int column, Tensor cache, int at) {
        speechTasks.toColumns(x, column, cache, at);
    }

    @Override
    public void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        speechTasks.attendOne(query, cache, length, heads, context);
    }

    @Override
    public void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        speechTasks.attend(queries, keysValues, rows, contexts, probabilities);
    }

    @Override
    public void attendBackward(
            Tensor queries,
            Tensor keysValues,
            AttendedRows rows,
            Tensor probabilities,
            Tensor dContexts,
            Tensor dQueries,
            Tensor dKeysValues) {
        speechTasks.attendBackward(queries, keysValues, rows, probabilities, dContexts, dQueries, dKeysValues);
    }

    @Override
    public int argmax(Tensor x, int row) {
        return speechTasks.argmax(x, row);
    }
}
