package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.Routings;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.backend.InputSlices;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.OutputSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * {@link AdaptiveMlp} in inference: tokens are grouped by learner count and each learner runs as one product over a prefix of the groups, or, where a control gives all
 * tokens the same learners, these run as one product.
 */
final class GroupedMlp {
    private final Mlp dense;
    private final MlpLearners learned;
    private final Acm acm;

    /** c_0. */
    private final Tensor resting;

    /** c_0 and the c_n of the first slice's learners. */
    private final Tensor firstBias;

    // Slice by slice; null until it is prepared.

    private SlicedWeight ups;
    private SlicedWeight downs;
    private List<Tensor> upBiases;
    /** What each slice adds on write-back: the first one {@link #firstBias}, the others, of one learner each, their c_n. */
    private List<Tensor> downBiases;

    private MlpSlices slices;

    /** b1 in the order of the slices' columns; null if it is in that order anyway. */
    private Tensor orderedBias;

    private int biasVersions = -1;

    GroupedMlp(MlpLearners learned, Acm acm) {
        dense = learned.dense();
        this.learned = learned;
        this.acm = acm;
        resting = learned.c(0);
        firstBias = learned.owner().constant(1, learned.hidden());
    }

    void prepare(Stream stream) {
        dense.prepare(stream);
        if (ups == null) {
            slice();
        }
        List<PackedMatrix> upSlices = ups.prepare(stream);
        List<PackedMatrix> downSlices = downs.prepare(stream);
        acm.prepare();
        if (slices == null) {
            // A batch of rows with all learners has the dense MLP's product, others a routed one.
            dense.whole().ups().weights().forEach(PackedMatrix::alsoRouted);
            dense.whole().downs().weights().forEach(PackedMatrix::alsoRouted);
            slices = new MlpSlices(
                    new OutputSlices(upSlices, upBiases),
                    new InputSlices(downSlices, downBiases),
                    dense.activation(),
                    dense.isGated());
        }
        if (biasVersions != versionsOfBiases()) {
            if (orderedBias != null) {
                orderBias(stream);
            }
            stream.add(resting, learned.c(1), firstBias);
            for (int n = 2; n <= acm.learnersPerSlice(); n++) {
                stream.add(firstBias, learned.c(n), firstBias);
            }
            biasVersions = versionsOfBiases();
        }
    }

    private int versionsOfBiases() {
        return learned.biases().parameter().version() + learned.up().bias().version();
    }

    private boolean isPrepared() {
        return ups != null && ups.isPrepared() && downs.isPrepared() && biasVersions == versionsOfBiases();
    }

    private void slice() {
        int count = acm.slices();
        int trained = learned.trained();
        int unitsPerSlice = acm.learnersPerSlice() * learned.width();
        int columnsPerSlice = acm.learnersPerSlice() * learned.upWidth();
        int[] columns = columns(count, columnsPerSlice);
        boolean inPlace = isInPlace(columns);
        orderedBias = inPlace ? null : learned.owner().constant(1, columns.length);
        Tensor upBias = inPlace ? learned.up().bias().value() : orderedBias;
        upBiases = new ArrayList<>();
        downBiases = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            upBiases.add(upBias.part((long) n * columnsPerSlice, columnsPerSlice));
            downBiases.add(n == 0 ? firstBias : learned.c(n + 1));
        }
        int[] units = IntStream.range(0, count * unitsPerSlice).toArray();
        downs = sliced(learned.down().parameter(), trained * learned.width(), count, false, units);
        ups = sliced(learned.up().weight().parameter(), trained * learned.upWidth(), count, true, columns);
    }

    /** Which columns of W1 each slice has: where learners are gated, u of all of the slice's, then g of all. */
    private int[] columns(int slices, int perSlice) {
        int width = learned.width();
        int upWidth = learned.upWidth();
        int halves = upWidth / width;
        int unitsPerSlice = perSlice / halves;
        return IntStream.range(0, slices * perSlice)
                .map(column -> {
                    int within = column % perSlice;
                    int unit = within % unitsPerSlice;
                    int half = within / unitsPerSlice;
                    return column - within + unit / width * upWidth + half * width + unit % width;
                })
                .toArray();
    }

    private static boolean isInPlace(int[] columns) {
        return IntStream.range(0, columns.length).allMatch(i -> columns[i] == i);
    }

    private SlicedWeight sliced(Parameter weight, int all, int slices, boolean alongOutputs, int[] order) {
        boolean isWhole = order.length == all && isInPlace(order);
        return new SlicedWeight(learned.owner(), weight, slices, alongOutputs, isWhole ? null : order);
    }

    private void orderBias(Stream stream) {
        int[] columns = columns(acm.slices(), acm.learnersPerSlice() * learned.upWidth());
        try (HostTensor from = stream.read(learned.up().bias().value());
                HostTensor to = stream.write(orderedBias)) {
            for (int i = 0; i < columns.length; i++) {
                to.set(0, i, from.get(0, columns[i]));
            }
        }
    }

    /** See {@link AdaptiveBlock#infer}. */
    Tensor infer(Pass pass, Tensor x, Tensor residual) {
        assert isPrepared() : acm.path() + " was changed and not prepared again";
        Routing routing = Routings.of(pass, 0);
        acm.choose(pass, x, routing);
        if (routing.isWhole()) {
            return dense.forward(pass, x, residual);
        }
        // Each learner over the tokens that use it, in ascending order of learners, so that a token's sum has one
        // order.
        Tensor y = pass.tensor(x.rows(), learned.hidden());
        pass.stream().mlp(x, routing, dense.whole(), slices, resting, residual, pass.workspace(), y);
        return y;
    }
}
