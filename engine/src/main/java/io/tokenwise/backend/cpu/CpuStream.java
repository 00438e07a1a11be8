package io.tokenwise.backend.cpu;

import io.tokenwise.backend.AttendedRows;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Device;
import io.tokenwise.backend.HardBudgets;
import io.tokenwise.backend.ImagePatches;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.RotaryPositions;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Staying;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Elementwise.AdamWStep;
import io.tokenwise.kernels.Kernels;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * The stream of the backends that compute on the CPU: leaves the work to its backend's {@link Products} and to
 * {@link ValueTasks}, {@link RowTasks}, {@link SequenceTasks} and {@link SpeechTasks}, whose operations have the same names. Allocates nothing once warm.
 */
public final class CpuStream implements Stream {
    private final CpuDevice device;
    private final Products products;
    private final ValueTasks valueTasks;
    private final RowTasks rowTasks;
    private final SequenceTasks sequenceTasks;
    private final SpeechTasks speechTasks;

    /** For products without a routing. */
    private final CpuRows all = new CpuRows();

    public CpuStream(Kernels kernels, WorkerPool pool, Products products) {
        device = new CpuDevice(kernels, pool);
        var range = device.operands(null, null, null);
        this.products = products;
        this.valueTasks = new ValueTasks(range);
        this.rowTasks = new RowTasks(range);
        this.sequenceTasks = new SequenceTasks(device, range);
        this.speechTasks = new SpeechTasks(device, range);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public HostTensor read(Tensor x) {
        return x.host();
    }

    @Override
    public HostTensor write(Tensor x) {
        return x.host();
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        products.pack(source, 0, 0, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        products.packSlices(source, slices);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        products.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        mlp(x, all.all(x.rows(), slices.count()), slices, residual, workspace, y);
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
        CpuRouting own = CpuRouting.of(routing);
        addNone(own, none, residual, y);
        mlp(x, own.whole(), whole, residual, workspace, y);
        mlp(x, own.partly(), partly, residual, workspace, y);
    }

    private void addNone(CpuRouting routing, Tensor none, Tensor residual, Tensor y) {
        CpuRows rows = routing.none();
        if (residual == null) {
            rowTasks.copyToRows(none, 0, rows.order(), rows.from(), rows.to(), y);
        } else {
            valueTasks.addBias(residual, rows.order(), rows.from(), rows.to(), none, y);
        }
    }

    private void mlp(Tensor x, CpuRows some, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        workspace.push();
        Tensor units = workspace.tensor(some.sliceRows()[0], slices.between());
        products.mlp(x, some.order(), some.sliceRows(), slices, residual, units, y);
        workspace.pop();
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        CpuRouting own = CpuRouting.of(routing);
        linearSlices(x, own.whole(), whole, rest, y);
        linearSlices(x, own.partly(), partly, rest, y);
    }

    private void linearSlices(Tensor x, CpuRows some, OutputSlices slices, Tensor rest, Tensor y) {
        int[] sliceRows = some.sliceRows();
        int column = 0;
        for (int n = 0, end = some.to(); n < slices.count(); end = sliceRows[n++]) {
            rowTasks.copyToRows(rest, column, some.order(), sliceRows[n], end, y);
            column += slices.weights().get(n).outputs();
        }
        if (column < y.columns()) {
            rowTasks.copyToRows(rest, column, some.order(), 0, sliceRows[slices.count() - 1], y);
        }
        products.linearSlices(x, some.order(), sliceRows, slices, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        CpuRouting own = CpuRouting.of(routing);
        addNone(own, none, residual, y);
        sumSlices(x, own.whole(), whole, residual, y);
        sumSlices(x, own.partly(), partly, residual, y);
    }

    private void sumSlices(Tensor x, CpuRows some, InputSlices slices, Tensor residual, Tensor y) {
        products.sumSlices(x, some.order(), some.sliceRows(), slices, residual, y);
    }

    @Override
    public Routing routing() {
        return new CpuRouting(rowTasks);
    }

    @Override
    public Staying staying() {
        return new CpuStaying();
    }

    @Override
    public HardBudgets hardBudgets() {
        return new CpuHardBudgets();
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        rowTasks.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        workspace.push();
        products.weightGradient(x, dy, workspace, dWeight);
        workspace.pop();
    }

    // ---- values

    @Override
    public void gelu(Tensor x, Tensor y) {
        valueTasks.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        valueTasks.geluBackward(x, dy, dx);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        valueTasks.add(a, b, y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        valueTasks.addScaled(x, factor, y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        valueTasks.copy(x, y);
    }

    @Override
    public void fill(Tensor x, float value) {
        valueTasks.fill(x, value);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return tensors.stream().mapToDouble(valueTasks::sumOfSquares).toArray();
    }

    @Override
    public double cosineDistance(Tensor y, Tensor target, Tensor dy) {
        return LossTasks.cosineDistance(y.host(), target.host(), dy.host());
    }

    @Override
    public double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
        return LossTasks.relativeSquaredError(y.host(), target.host(), weight, dy.host());
    }

    @Override
    public double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy) {
        return LossTasks.squaredErrorWhereKnown(y.host(), target, dy.host());
    }

    @Override
    public double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        return LossTasks.crossEntropy(logits.host(), labels, dLogits.host());
    }

    @Override
    public double crossEntropy(Tensor logits, double[] wanted, Tensor dLogits) {
        return LossTasks.crossEntropy(logits.host(), wanted, dLogits.host());
    }

    @Override
    public double divergence(Tensor logits, Tensor target, Tensor dLogits) {
        return LossTasks.divergence(logits.host(), target.host(), dLogits.host());
    }

    @Override
    public double order(Tensor y, double[] scores, double temperature, Tensor dy) {
        return LossTasks.order(y.host(), scores, temperature, dy.host());
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        valueTasks.adamW(weight, gradient, m, v, step);
    }

    // ---- rows

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        rowTasks.layerNorm(x, gamma, beta, epsilon, y, statistics);
    }

    @Override
    public void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        rowTasks.layerNormBackward(x, gamma, statistics, dy, dx);
    }

    @Override
    public void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        rowTasks.layerNormParameterGradient(x, statistics, dy, dGamma, dBeta);
    }

    @Override
    public void addColumnSums(Tensor x, Tensor sums) {
        rowTasks.addColumnSums(x, sums);
    }

    @Override
    public void softmax(Tensor x, Tensor y) {
        rowTasks.softmax(x, y);
    }

    @Override
    public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        rowTasks.softmaxBackward(y, dy, dx);
    }

    @Override
    public void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        rowTasks.l2Normalize(x, y, norms);
    }

    @Override
    public void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        rowTasks.l2NormalizeBackward(y, norms, dy, dx);
    }

    @Override
    public void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        rowTasks.scaleBlocks(x, scale, y);
    }

    @Override
    public void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        rowTasks.scaleBlocksBackward(x, scale, dy, dx, dScale);
    }

    @Override
    public void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        rowTasks.scaleUnits(x, scale, places, y);
    }

    @Override
    public void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        rowTasks.gatherUnits(x, starts, width, y);
    }

    @Override
    public void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        rowTasks.scaleUnitsBackward(x, scale, places, dy, dx, dScale);
    }

    @Override
    public void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        rowTasks.choose(logits, noise, temperature, soft, running);
    }

    @Override
    public void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        rowTasks.chooseBackward(soft, temperature, dRunning, dLogits);
    }

    // ---- sequences

    @Override
    public void embeddingSum(
            int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        sequenceTasks.embeddingSum(ids, offsets, sequences, words, positions, types, y);
    }

    @Override
    public void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        sequenceTasks.embeddingSumBackward(ids, offsets, sequences, dy, dWords, dPositions, dTypes);
    }

    @Override
    public void patches(int[] pixels, int images, ImagePatches patches, Tensor y) {
        sequenceTasks.patches(pixels, images, patches, y);
    }

    @Override
    public void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        sequenceTasks.withFirst(x, first, positions, y);
    }

    @Override
    public void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        if (dx != null) {
            sequenceTasks.withoutFirst(dy, dx, dPositions.rows());
        }
        sequenceTasks.withFirstBackward(dy, dFirst, dPositions);
    }

    @Override
    public void takeRows(Tensor x, int[] rows, Tensor y) {
        rowTasks.takeRows(x, rows, y);
    }

    @Override
    public void takeRows(Tensor x, Staying staying, Tensor y) {
        rowTasks.takeRows(x, CpuStaying.of(staying).staying(), y);
    }

    @Override
    public void takeRowsBackward(Tensor dy, int[] rows, Tensor dx) {
        valueTasks.fill(dx, 0);
        rowTasks.putRows(dy, rows, dx);
    }

    @Override
    public void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        sequenceTasks.meanPool(x, offsets, sequences, y);
    }

    @Override
    public void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        sequenceTasks.meanPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        sequenceTasks.firstPool(x, offsets, sequences, y);
    }

    @Override
    public void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        sequenceTasks.firstPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
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
        sequenceTasks.attention(q, k, v, layout, offsets, sequences, heads, context);
    }

    @Override
    public void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        sequenceTasks.attentionBackward(qkv, offsets, sequences, heads, probabilities, dContext, dQkv);
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
