package io.tokenwise.backend.cuda;

import io.tokenwise.api.Precision;
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
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/**
 * A stream of a CUDA device: leaves the work to classes whose operations have the same names, and that launch kernels. It says which operations change what other streams
 * read: weights, and what is made of them before a pass.
 */
final class CudaStream implements Stream {
    private final Launches launches;
    private final CudaDevice device;
    private final GateLaunch gates;
    private final CudaReading reading;
    private final CudaPacking packing;
    private final CudaProducts products;
    private final CudaValues values;
    private final CudaRows onRows;
    private final CudaSequences onSequences;
    private final CudaAttention attention;
    private final CudaSpeech speech;
    private final CudaLosses losses;
    private final CudaOptimizer optimizer;

    CudaStream(Launches launches, Precision precision) {
        this.launches = launches;
        gates = new GateLaunch(launches);
        reading = new CudaReading(launches);
        packing = new CudaPacking(launches);
        var formed = new FormedTensor(launches, precision);
        device = new CudaDevice(launches, formed, precision);
        products = new CudaProducts(launches, formed);
        values = new CudaValues(launches);
        onRows = new CudaRows(launches, launches.tables(), formed);
        onSequences = new CudaSequences(launches, launches.tables());
        attention = new CudaAttention(launches, launches.tables(), precision != Precision.F32);
        speech = new CudaSpeech(launches, launches.tables());
        losses = new CudaLosses(launches);
        optimizer = new CudaOptimizer(launches);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public HostTensor read(Tensor x) {
        return reading.read(x);
    }

    @Override
    public HostTensor write(Tensor x) {
        return reading.write(x);
    }

    // ---- matrix products

    @Override
    public void pack(Tensor source, boolean transposed, PackedMatrix target) {
        packing.pack(source, transposed, target);
    }

    @Override
    public void packSlices(Tensor source, List<PackedMatrix> slices) {
        packing.packSlices(source, slices);
    }

    @Override
    public void linear(Tensor x, PackedMatrix weight, Tensor bias, boolean gelu, Tensor residual, Tensor y) {
        products.linear(x, weight, bias, gelu, residual, y);
    }

    @Override
    public void mlp(Tensor x, MlpSlices slices, Tensor residual, Workspace workspace, Tensor y) {
        products.mlp(x, slices, residual, y);
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
        products.mlp(x, CudaRouting.of(routing), whole, partly, none, residual, y);
    }

    @Override
    public void linearSlices(
            Tensor x, Routing routing, OutputSlices whole, OutputSlices partly, Tensor rest, Tensor y) {
        products.linearSlices(x, CudaRouting.of(routing), whole, partly, rest, y);
    }

    @Override
    public void sumSlices(
            Tensor x, Routing routing, InputSlices whole, InputSlices partly, Tensor none, Tensor residual, Tensor y) {
        products.sumSlices(x, CudaRouting.of(routing), whole, partly, none, residual, y);
    }

    @Override
    public Routing routing() {
        return new CudaRouting(launches, gates);
    }

    @Override
    public HardBudgets hardBudgets() {
        return new CudaHardBudgets(launches);
    }

    @Override
    public Staying staying() {
        return new CudaStaying(launches);
    }

    @Override
    public void dots(Tensor x, Tensor weight, Tensor bias, Tensor y) {
        products.dots(x, weight, bias, y);
    }

    @Override
    public void weightGradient(Tensor x, Tensor dy, Workspace workspace, Tensor dWeight) {
        products.weightGradient(x, dy, dWeight);
        launches.wroteGradient(dWeight);
    }

    // ---- values

    @Override
    public void gelu(Tensor x, Tensor y) {
        values.gelu(x, y);
    }

    @Override
    public void geluBackward(Tensor x, Tensor dy, Tensor dx) {
        values.geluBackward(x, dy, dx);
    }

    @Override
    public void add(Tensor a, Tensor b, Tensor y) {
        values.add(a, b, y);
        launches.wrote(y);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor y) {
        values.addScaled(x, factor, y);
        launches.wrote(y);
    }

    @Override
    public void copy(Tensor x, Tensor y) {
        values.copy(x, y);
        launches.wrote(y);
    }

    @Override
    public void fill(Tensor x, float value) {
        values.fill(x, value);
        launches.wrote(x);
    }

    @Override
    public double[] sumsOfSquares(List<Tensor> tensors) {
        return values.sumsOfSquares(tensors);
    }

    @Override
    public double cosineDistance(Tensor y, Tensor target, Tensor dy) {
        return losses.cosineDistance(y, target, dy);
    }

    @Override
    public double relativeSquaredError(Tensor y, Tensor target, double weight, Tensor dy) {
        return losses.relativeSquaredError(y, target, weight, dy);
    }

    @Override
    public double squaredErrorWhereKnown(Tensor y, float[] target, Tensor dy) {
        return losses.squaredErrorWhereKnown(y, target, dy);
    }

    @Override
    public double crossEntropy(Tensor logits, int[] labels, Tensor dLogits) {
        return losses.crossEntropy(logits, labels, dLogits);
    }

    @Override
    public double crossEntropy(Tensor logits, double[] wanted, Tensor dLogits) {
        return losses.crossEntropy(logits, wanted, dLogits);
    }

    @Override
    public double divergence(Tensor logits, Tensor target, Tensor dLogits) {
        return losses.divergence(logits, target, dLogits);
    }

    @Override
    public double order(Tensor y, double[] scores, double temperature, Tensor dy) {
        return losses.order(y, scores, temperature, dy);
    }

    @Override
    public void adamW(Tensor weight, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        optimizer.adamW(weight, gradient, m, v, step);
        launches.wrote(weight);
    }

    // ---- rows

    @Override
    public void layerNorm(Tensor x, Tensor gamma, Tensor beta, float epsilon, Tensor y, Tensor statistics) {
        onRows.layerNorm(x, gamma, beta, epsilon, y, statistics);
    }

    @Override
    public void layerNormBackward(Tensor x, Tensor gamma, Tensor statistics, Tensor dy, Tensor dx) {
        onRows.layerNormBackward(x, gamma, statistics, dy, dx);
    }

    @Override
    public void layerNormParameterGradient(Tensor x, Tensor statistics, Tensor dy, Tensor dGamma, Tensor dBeta) {
        onRows.layerNormParameterGradient(x, statistics, dy, dGamma, dBeta);
        launches.wroteGradient(dGamma);
    }

    @Override
    public void addColumnSums(Tensor x, Tensor sums) {
        onRows.addColumnSums(x, sums);
        launches.wroteGradient(sums);
    }

    @Override
    public void softmax(Tensor x, Tensor y) {
        onRows.softmax(x, y);
    }

    @Override
    public void softmaxBackward(Tensor y, Tensor dy, Tensor dx) {
        onRows.softmaxBackward(y, dy, dx);
    }

    @Override
    public void l2Normalize(Tensor x, Tensor y, Tensor norms) {
        onRows.l2Normalize(x, y, norms);
    }

    @Override
    public void l2NormalizeBackward(Tensor y, Tensor norms, Tensor dy, Tensor dx) {
        onRows.l2NormalizeBackward(y, norms, dy, dx);
    }

    @Override
    public void scaleBlocks(Tensor x, Tensor scale, Tensor y) {
        onRows.scaleBlocks(x, scale, y);
    }

    @Override
    public void scaleBlocksBackward(Tensor x, Tensor scale, Tensor dy, Tensor dx, Tensor dScale) {
        onRows.scaleBlocksBackward(x, scale, dy, dx, dScale);
    }

    @Override
    public void scaleUnits(Tensor x, Tensor scale, int[] places, Tensor y) {
        onRows.scaleUnits(x, scale, places, y);
    }

    @Override
    public void gatherUnits(Tensor x, int[] starts, int width, Tensor y) {
        onRows.gatherUnits(x, starts, width, y);
    }

    @Override
    public void scaleUnitsBackward(Tensor x, Tensor scale, int[] places, Tensor dy, Tensor dx, Tensor dScale) {
        onRows.scaleUnitsBackward(x, scale, places, dy, dx, dScale);
    }

    @Override
    public void choose(Tensor logits, Tensor noise, float temperature, Tensor soft, Tensor running) {
        onRows.choose(logits, noise, temperature, soft, running);
    }

    @Override
    public void chooseBackward(Tensor soft, float temperature, Tensor dRunning, Tensor dLogits) {
        onRows.chooseBackward(soft, temperature, dRunning, dLogits);
    }

    // ---- sequences

    @Override
    public void embeddingSum(
            int[] ids, int[] offsets, int sequences, Tensor words, Tensor positions, Tensor types, Tensor y) {
        onSequences.embeddingSum(ids, offsets, sequences, words, positions, types, y);
    }

    @Override
    public void embeddingSumBackward(
            int[] ids, int[] offsets, int sequences, Tensor dy, Tensor dWords, Tensor dPositions, Tensor dTypes) {
        onSequences.embeddingSumBackward(ids, offsets, sequences, dy, dWords, dPositions, dTypes);
        launches.wroteGradient(dWords);
    }

    @Override
    public void patches(int[] pixels, int images, ImagePatches patches, Tensor y) {
        onSequences.patches(pixels, images, patches, y);
    }

    @Override
    public void withFirst(Tensor x, Tensor first, Tensor positions, Tensor y) {
        onSequences.withFirst(x, first, positions, y);
    }

    @Override
    public void withFirstBackward(Tensor dy, Tensor dx, Tensor dFirst, Tensor dPositions) {
        onSequences.withFirstBackward(dy, dx, dFirst, dPositions);
        launches.wroteGradient(dFirst);
    }

    @Override
    public void takeRows(Tensor x, int[] rows, Tensor y) {
        onSequences.takeRows(x, rows, y);
    }

    @Override
    public void takeRows(Tensor x, Staying staying, Tensor y) {
        if (staying.count() == staying.rows()) {
            values.copy(x, y);
        } else {
            onSequences.takeRows(x, CudaStaying.of(staying), y);
        }
    }

    @Override
    public void takeRowsBackward(Tensor dy, int[] rows, Tensor dx) {
        onSequences.takeRowsBackward(dy, rows, dx);
    }

    @Override
    public void meanPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        onSequences.meanPool(x, offsets, sequences, y);
    }

    @Override
    public void meanPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        onSequences.meanPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void firstPool(Tensor x, int[] offsets, int sequences, Tensor y) {
        onSequences.firstPool(x, offsets, sequences, y);
    }

    @Override
    public void firstPoolBackward(Tensor dy, int[] offsets, int sequences, Tensor dx) {
        onSequences.firstPoolBackward(dy, offsets, sequences, dx);
    }

    @Override
    public void attention(Tensor qkv, int[] offsets, int sequences, int heads, Tensor context, Tensor probabilities) {
        attention.attention(qkv, offsets, sequences, heads, context, probabilities);
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
        attention.attention(q, k, v, layout, offsets, sequences, heads, context);
    }

    @Override
    public void attentionBackward(
            Tensor qkv, int[] offsets, int sequences, int heads, Tensor probabilities, Tensor dContext, Tensor dQkv) {
        attention.attentionBackward(qkv, offsets, sequences, heads, probabilities, dContext, dQkv);
    }

    // ---- speech

    @Override
    public void samples(int[] values, Tensor y) {
        speech.samples(values, y);
    }

    @Override
    public void windows(Tensor x, int[] offsets, int sequences, int width, int step, int[] yOffsets, Tensor y) {
        speech.windows(x, offsets, sequences, width, step, yOffsets, y);
    }

    @Override
    public void tanh(Tensor x, Tensor y) {
        values.tanh(x, y);
    }

    @Override
    public void groupNorm(Tensor x, int[] offsets, int sequences, Tensor gamma, Tensor beta, float epsilon, Tensor y) {
        speech.groupNorm(x, offsets, sequences, gamma, beta, epsilon, y);
    }

    @Override
    public void rotate(Tensor x, int[] offsets, int sequences, int position, RotaryPositions positions, int heads) {
        speech.rotate(x, offsets, sequences, position, positions, heads);
    }

    @Override
    public void toColumns(Tensor x, int column, Tensor cache, int at) {
        speech.toColumns(x, column, cache, at);
    }

    @Override
    public void attendOne(Tensor query, Tensor cache, int length, int heads, Tensor context) {
        attention.attendOne(query, cache, length, heads, context);
    }

    @Override
    public void attend(Tensor queries, Tensor keysValues, AttendedRows rows, Tensor contexts, Tensor probabilities) {
        attention.attend(queries, keysValues, rows, contexts, probabilities);
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
        attention.attendBackward(queries, keysValues, rows, probabilities, dContexts, dQueries, dKeysValues);
    }

    @Override
    public int argmax(Tensor x, int row) {
        return onRows.argmax(x, row);
    }
}
