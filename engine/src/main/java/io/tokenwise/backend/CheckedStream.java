package io.tokenwise.backend;

import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.kernels.SpeechOps;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/** The stream that a backend gives: checks shapes, with errors that name the operation and both shapes, before another stream computes. */
public final class CheckedStream implements Stream {
    private final Stream stream;

    /** @param stream whose operations rely on shapes that fit */
    public CheckedStream(Stream stream) {
        this.stream = stream;
    }

    @Override
    public Device device() {
        return stream.device();
    }

    @Override
    public HostTensor read(Tensor x) {
        return stream.read(x);
    }

    @Override
    public HostTensor write(Tensor x) {
        return stream.write(x);
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        int rows = transposed ? target.outputs() : target.inputs();
        int columns = transposed ? target.inputs() : target.outputs();
        Shapes.require("pack", source, rows, columns);
        stream.pack(source, transposed, target);
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
        stream.packSlices(source, slices);
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
        stream.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        checkMlp(x, slices, residual, y);
        stream.mlp(x, slices, residual, workspace, y);
    }

    @Override
    public void mlp(
            Tensor x,
            Routing routing,
            MlpSlices whole,
            MlpSlices partly,
            Tensor none,
            Tensor residual,
            Workspace workspace,
            Tensor y) {
        Shapes.routed("mlp", routing, whole.count(), partly.count(), x);
        checkMlp(x, whole, residual, y);
        checkMlp(x, partly, residual, y);
        Shapes.vector("mlp none", none, y.columns());
        stream.mlp(x, routing, whole, partly, none, residual, workspace, y);
    }

    private static void checkMlp(Tensor x, MlpSlices slices, Tensor residual, Tensor y) {
        Shapes.require("mlp", x, x.rows(), slices.inputs());
        Shapes.require("mlp", y, x.rows(), slices.outputs());
        if (residual != null) {
            Shapes.same("mlp residual", residual, y);
        }
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        Shapes.routed("linearSlices", routing, whole.count(), partly.count(), x);
        Shapes.require("linearSlices", x, x.rows(), whole.inputs());
        Shapes.require("linearSlices", x, x.rows(), partly.inputs());
        int columns = Math.max(whole.columns(), partly.columns());
        Shapes.require("linearSlices", y, x.rows(), Math.max(y.columns(), columns));
        Shapes.vector("linearSlices rest", rest, y.columns());
        stream.linearSlices(x, routing, whole, partly, rest, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        Shapes.routed("sumSlices", routing, whole.count(), partly.count(), x);
        int columns = Math.max(whole.columns(), partly.columns());
        Shapes.require("sumSlices", x, x.rows(), Math.max(x.columns(), columns));
        Shapes.require("sumSlices", y, x.rows(), whole.outputs());
        Shapes.require("sumSlices", y, x.rows(), partly.outputs());
        Shapes.vector("sumSlices none", none, y.columns());
        if (residual != null) {
            Shapes.same("sumSlices residual", residual, y);
        }
        stream.sumSlices(x, routing, whole, partly, none, residual, y);
    }

    @Override
    public Routing routing() {
        return stream.routing();
    }

    @Override
    public Staying staying() {
        return stream.staying();
    }

    @Override
    public HardBudgets hardBudgets() {
        return stream.hardBudgets();
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        int group = RowOps.DOTS_GROUP;
        Shapes.require("dots weight", weight, (y.columns() + group - 1) / group * group, x.columns());
        Shapes.require("dots", y, x.rows(), y.columns());
        Shapes.vector("dots bias", bias, y.columns());
        stream.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        Shapes.require("weightGradient", dWeight, x.columns(), dy.columns());
        if (x.rows() != dy.rows()) {
            throw new IllegalArgumentException("weightGradient: rows differ: " + x.shape() + " and " + dy.shape());
        }
        stream.weightGradient(x, dy, workspace, dWeight);
    }

    // ---- values

    @Override
    public void gelu(Tensor x, Tensor y) {
        Shapes.same("gelu", x, y);
        stream.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        Shapes.same("geluBackward", x, dy);
        Shapes.same("geluBackward", x, dx);
        stream.geluBackward(x, dy, dx);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        Shapes.same("add", a, b);
        Shapes.same("add", a, y);
        stream.add(a, b, y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        Shapes.same("addScaled", x, y);
        stream.addScaled(x, factor, y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        Shapes.same("copy", x, y);
        stream.copy(x, y);
    }

    @Override
    public void fill(Tensor x, float value) {
        stream.fill(x, value);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return stream.sumsOfSquares(tensors);
    }

    @Override
    public double cosineDistance(Tensor y, Tensor target, Tensor dy) {
        Shapes.same("cosineDistance", y, target);
        Shapes.same("cosineDistance", y, dy);
        return stream.cosineDistance(y, target, dy);
    }

    @Override
    public double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
        Shapes.same("relativeSquaredError", y, target);
        Shapes.same("relativeSquaredError", y, dy);
        return stream.relativeSquaredError(y, target, weight, dy);
    }

    @Override
    public double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy) {
        Shapes.require("squaredErrorWhereKnown", y, target.length, 1);
        Shapes.same("squaredErrorWhereKnown", y, dy);
        return stream.squaredErrorWhereKnown(y, target, dy);
    }

    @Override
    public double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        Shapes.same("crossEntropy", logits, dLogits);
        Shapes.rows("crossEntropy labels", labels, logits.rows(), logits.columns());
        return stream.crossEntropy(logits, labels, dLogits);
    }

    @Override
    public double crossEntropy(Tensor logits, double[] wanted, Tensor dLogits) {
        Shapes.same("crossEntropy", logits, dLogits);
        if (wanted.length != logits.size()) {
            throw new IllegalArgumentException(
                    "crossEntropy: " + wanted.length + " probabilities for " + logits.shape());
        }
        return stream.crossEntropy(logits, wanted, dLogits);
    }

    @Override
    public double divergence(Tensor logits, Tensor target, Tensor dLogits) {
        Shapes.same("divergence", logits, target);
        Shapes.same("divergence", logits, dLogits);
        return stream.divergence(logits, target, dLogits);
    }

    @Override
    public double order(Tensor y, double[] scores, double temperature, Tensor dy) {
        Shapes.require("order", y, 2 * scores.length, y.columns());
        Shapes.same("order", y, dy);
        return stream.order(y, scores, temperature, dy);
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        Shapes.same("adamW", weight, gradient);
        Shapes.same("adamW", weight, m);
        Shapes.same("adamW", weight, v);
        stream.adamW(weight, gradient, m, v, step);
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
        stream.layerNorm(x, gamma, beta, epsilon, y, statistics);
    }

    @Override
    public void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        Shapes.same("layerNormBackward", x, dy);
        Shapes.same("layerNormBackward", x, dx);
        Shapes.vector("layerNormBackward gamma", gamma, x.columns());
        Shapes.require("layerNormBackward statistics", statistics, x.rows(), 2);
        stream.layerNormBackward(x, gamma, statistics, dy, dx);
    }

    @Override
    public void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        Shapes.same("layerNormParameterGradient", x, dy);
        Shapes.require("layerNormParameterGradient statistics", statistics, x.rows(), 2);
        Shapes.vector("layerNormParameterGradient gamma", dGamma, x.columns());
        Shapes.vector("layerNormParameterGradient beta", dBeta, x.columns());
        stream.layerNormParameterGradient(x, statistics, dy, dGamma, dBeta);
    }

    @Override
    public void addColumnSums(Tensor x, Tensor sums) {
        Shapes.vector("addColumnSums", sums, x.columns());
        stream.addColumnSums(x, sums);
    }

    @Override
    public void softmax(Tensor x, Tensor y) {
        Shapes.same("softmax", x, y);
        stream.softmax(x, y);
    }

    @Override
    public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        Shapes.same("softmaxBackward", y, dy);
        Shapes.same("softmaxBackward", y, dx);
        stream.softmaxBackward(y, dy, dx);
    }

    @Override
    public void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        Shapes.same("l2Normalize", x, y);
        if (norms != null) {
            Shapes.vector("l2Normalize norms", norms, x.rows());
        }
        stream.l2Normalize(x, y, norms);
    }

    @Override
    public void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        Shapes.same("l2NormalizeBackward", y, dy);
        Shapes.same("l2NormalizeBackward", y, dx);
        Shapes.vector("l2NormalizeBackward norms", norms, y.rows());
        stream.l2NormalizeBackward(y, norms, dy, dx);
    }

    @Override
    public void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        Shapes.same("scaleBlocks", x, y);
        Shapes.blocks("scaleBlocks", x, scale);
        stream.scaleBlocks(x, scale, y);
    }

    @Override
    public void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleBlocksBackward", x, dy);
        Shapes.same("scaleBlocksBackward", x, dx);
        Shapes.same("scaleBlocksBackward", scale, dScale);
        Shapes.blocks("scaleBlocksBackward", x, scale);
        stream.scaleBlocksBackward(x, scale, dy, dx, dScale);
    }

    @Override
    public void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        Shapes.same("scaleUnits", x, y);
        Shapes.units("scaleUnits", x, scale, places);
        stream.scaleUnits(x, scale, places, y);
    }

    @Override
    public void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        Shapes.gathered("gatherUnits", x, starts, width, y);
        stream.gatherUnits(x, starts, width, y);
    }

    @Override
    public void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        Shapes.same("scaleUnitsBackward", x, dy);
        Shapes.same("scaleUnitsBackward", x, dx);
        Shapes.same("scaleUnitsBackward", scale, dScale);
        Shapes.units("scaleUnitsBackward", x, scale, places);
        stream.scaleUnitsBackward(x, scale, places, dy, dx, dScale);
    }

    @Override
    public void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        Shapes.same("choose", logits, noise);
        Shapes.same("choose", logits, soft);
        Shapes.require("choose", running, logits.rows(), logits.columns() - 1);
        stream.choose(logits, noise, temperature, soft, running);
    }

    @Override
    public void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        Shapes.same("chooseBackward", soft, dLogits);
        Shapes.require("chooseBackward", dRunning, soft.rows(), soft.columns() - 1);
        stream.chooseBackward(soft, temperature, dRunning, dLogits);
    }

    // ---- sequences

    @Override
    public void embeddingSum(
            int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        checkEmbedding("embeddingSum", ids, offsets, sequences, words, positions, types, y);
        stream.embeddingSum(ids, offsets, sequences, words, positions, types, y);
    }

    @Override
    public void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        checkEmbedding("embeddingSumBackward", ids, offsets, sequences, dWords, dPositions, dTypes, dy);
        stream.embeddingSumBackward(ids, offsets, sequences, dy, dWords, dPositions, dTypes);
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
        stream.patches(pixels, images, patches, y);
    }

    @Override
    public void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        checkWithFirst("withFirst", x, first, positions, y);
        stream.withFirst(x, first, positions, y);
    }

    @Override
    public void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        checkWithFirst("withFirstBackward", dx == null ? dy : dx, dFirst, dPositions, dy);
        stream.withFirstBackward(dy, dx, dFirst, dPositions);
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
        stream.takeRows(x, rows, y);
    }

    @Override
    public void takeRows(Tensor x, Staying staying, Tensor y) {
        if (staying.rows() != x.rows()) {
            throw new IllegalArgumentException(
                    "takeRows: those of " + staying.rows() + " rows that stay do not fit " + x.shape());
        }
        Shapes.require("takeRows", y, staying.count(), x.columns());
        stream.takeRows(x, staying, y);
    }

    @Override
    public void takeRowsBackward(Tensor dy, int[] rows, Tensor dx) {
        Shapes.sameColumns("takeRowsBackward", dy, dx);
        Shapes.rows("takeRowsBackward", rows, dy.rows(), dx.rows());
        stream.takeRowsBackward(dy, rows, dx);
    }

    @Override
    public void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        checkPool("meanPool", x, offsets, sequences, y);
        stream.meanPool(x, offsets, sequences, y);
    }

    @Override
    public void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        checkPool("meanPoolBackward", dx, offsets, sequences, dy);
        stream.meanPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        checkPool("firstPool", x, offsets, sequences, y);
        stream.firstPool(x, offsets, sequences, y);
    }

    @Override
    public void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        checkPool("firstPoolBackward", dx, offsets, sequences, dy);
        stream.firstPoolBackward(dy, offsets, sequences, dx);
    }

    private static void checkPool(String operation, Tensor tokens, int[] offsets, int sequences, Tensor pooled) {
        Shapes.offsets(operation, offsets, sequences, tokens.rows());
        Shapes.require(operation, pooled, sequences, tokens.columns());
    }

    @Override
    public void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        checkAttention("attention", qkv, offsets, sequences, heads, context);
        stream.attention(qkv, offsets, sequences, heads, context, probabilities);
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
        stream.attention(q, k, v, layout, offsets, sequences, heads, context);
    }

    @Override
    public void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        checkAttention("attentionBackward", qkv, offsets, sequences, heads, dContext);
        Shapes.same("attentionBackward", qkv, dQkv);
        stream.attentionBackward(qkv, offsets, sequences, heads, probabilities, dContext, dQkv);
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
        if (values.length < y.rows()) {
            throw new IllegalArgumentException("samples: " + values.length + " values do not fill " + y.shape());
        }
        Shapes.require("samples", y, y.rows(), 1);
        stream.samples(values, y);
    }

    @Override
    public void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        Shapes.offsets("windows", offsets, sequences, x.rows());
        Shapes.offsets("windows of", yOffsets, sequences, y.rows());
        Shapes.require("windows", y, y.rows(), width * x.columns());
        for (int i = 0; i < sequences; i++) {
            int count = yOffsets[i + 1] - yOffsets[i];
            int rows = offsets[i + 1] - offsets[i];
            if ((count - 1) * (long) step + width > rows) {
                throw new IllegalArgumentException("windows: " + count + " windows of " + width + " rows, one every "
                        + step + ", are more than sequence " + i + " of " + rows + " rows has");
            }
        }
        stream.windows(x, offsets, sequences, width, step, yOffsets, y);
    }

    @Override
    public void tanh(Tensor x, Tensor y) {
        Shapes.same("tanh", x, y);
        stream.tanh(x, y);
    }

    @Override
    public void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        Shapes.offsets("groupNorm", offsets, sequences, x.rows());
        Shapes.same("groupNorm", x, y);
        Shapes.vector("groupNorm gamma", gamma, x.columns());
        Shapes.vector("groupNorm beta", beta, x.columns());
        stream.groupNorm(x, offsets, sequences, gamma, beta, epsilon, y);
    }

    @Override
    public void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        Shapes.offsets("rotate", offsets, sequences, x.rows());
        if ((long) heads * positions.headSize() > x.columns()) {
            throw new IllegalArgumentException("rotate: " + x.shape() + " does not hold " + heads + " heads of "
                    + positions.headSize() + " columns");
        }
        for (int i = 0; i < sequences; i++) {
            int end = position + offsets[i + 1] - offsets[i];
            if (position < 0 || end > positions.count()) {
                throw new IllegalArgumentException("rotate: sequence " + i + " has positions from " + position + " to "
                        + (end - 1) + ", there are " + positions.count());
            }
        }
        stream.rotate(x, offsets, sequences, position, positions, heads);
    }

    @Override
    public void toColumns(Tensor x, int column, Tensor cache, int at) {
        if (column < 0 || column + cache.rows() > x.columns() || at < 0 || at + x.rows() > cache.columns()) {
            throw new IllegalArgumentException("toColumns: " + x.shape() + " from column " + column
                    + " on does not fit " + cache.shape() + " from column " + at + " on");
        }
        stream.toColumns(x, column, cache, at);
    }

    @Override
    public void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        Shapes.same("attendOne", query, context);
        Shapes.vector("attendOne", query, cache.rows() / 2);
        if (heads < 1 || cache.rows() % (2 * heads) != 0) {
            throw new IllegalArgumentException(
                    "attendOne: " + cache.shape() + " does not hold keys and values of " + heads + " heads");
        }
        if (length < 1 || length > cache.columns() || cache.columns() % SpeechOps.STEP != 0) {
            throw new IllegalArgumentException("attendOne: " + length + " tokens of " + cache.shape()
                    + "; there is at least one, and a cache has a multiple of " + SpeechOps.STEP);
        }
        stream.attendOne(query, cache, length, heads, context);
    }

    @Override
    public void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        rows.check("attend", queries, keysValues, contexts, probabilities);
        stream.attend(queries, keysValues, rows, contexts, probabilities);
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
        rows.check("attendBackward", queries, keysValues, dContexts, probabilities);
        Shapes.same("attendBackward", queries, dQueries);
        Shapes.same("attendBackward", keysValues, dKeysValues);
        stream.attendBackward(queries, keysValues, rows, probabilities, dContexts, dQueries, dKeysValues);
    }

    @Override
    public int argmax(Tensor x, int row) {
        if (row < 0 || row >= x.rows()) {
            throw new IllegalArgumentException("argmax: row " + row + " of " + x.shape());
        }
        return stream.argmax(x, row);
    }
}
