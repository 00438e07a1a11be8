package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.Routings;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Routing;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.Activation;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.GatedUnits;
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
    private final int learners;

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

    /** Null too if the MLP is gated: that uses {@link #upSlices} and {@link #downSlices}. */
    private MlpSlices slices;

    private List<PackedMatrix> upSlices;
    private List<PackedMatrix> downSlices;

    private int biasVersion = -1;

    GroupedMlp(MlpLearners learned, Acm acm) {
        dense = learned.dense();
        this.learned = learned;
        this.acm = acm;
        learners = acm.learners();
        resting = learned.c(0);
        firstBias = learned.owner().constant(1, learned.hidden());
    }

    void prepare(Stream stream) {
        dense.prepare(stream);
        if (ups == null) {
            slice();
        }
        upSlices = ups.prepare(stream);
        downSlices = downs.prepare(stream);
        acm.prepare();
        if (slices == null && !dense.isGated()) {
            // A batch of rows with all learners has the dense MLP's product, others a routed one.
            dense.whole().ups().weights().forEach(PackedMatrix::alsoRouted);
            dense.whole().downs().weights().forEach(PackedMatrix::alsoRouted);
            slices = new MlpSlices(upSlices, upBiases, downSlices, downBiases);
        }
        if (biasVersion != learned.biases().parameter().version()) {
            stream.add(resting, learned.c(1), firstBias);
            for (int n = 2; n <= acm.learnersPerSlice(); n++) {
                stream.add(firstBias, learned.c(n), firstBias);
            }
            biasVersion = learned.biases().parameter().version();
        }
    }

    private boolean isPrepared() {
        return ups != null
                && ups.isPrepared()
                && downs.isPrepared()
                && biasVersion == learned.biases().parameter().version();
    }

    private void slice() {
        int count = acm.slices();
        int trained = learned.trained();
        int unitsPerSlice = acm.learnersPerSlice() * learned.width();
        int columnsPerSlice = acm.learnersPerSlice() * learned.upWidth();
        upBiases = new ArrayList<>();
        downBiases = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            upBiases.add(learned.up().bias().value().part((long) n * columnsPerSlice, columnsPerSlice));
            downBiases.add(n == 0 ? firstBias : learned.c(n + 1));
        }
        int[] units = first(count * unitsPerSlice, trained * learned.width());
        downs = new SlicedWeight(learned.owner(), learned.down().parameter(), count, false, units);
        int[] columns = first(count * columnsPerSlice, trained * learned.upWidth());
        ups = new SlicedWeight(learned.owner(), learned.up().weight().parameter(), count, true, columns);
    }

    /** The first places of so many, as a {@link SlicedWeight} is told them. */
    private static int[] first(int count, int all) {
        return count == all ? null : IntStream.range(0, count).toArray();
    }

    /** See {@link AdaptiveBlock#infer}. */
    Tensor infer(Pass pass, Tensor x, Tensor residual) {
        assert isPrepared() : acm.path() + " was changed and not prepared again";
        Routing routing = Routings.of(pass, 0);
        acm.choose(pass, x, routing);
        if (routing.isWhole()) {
            return dense.forward(pass, x, residual);
        }
        return dense.isGated() ? runGated(pass, x, residual, routing) : run(pass, x, residual, routing);
    }

    /** Each learner over the tokens that use it, in ascending order of learners, so that a token's sum has one order. */
    private Tensor run(Pass pass, Tensor x, Tensor residual, Routing routing) {
        Tensor y = pass.tensor(x.rows(), learned.hidden());
        pass.stream().mlp(x, routing, dense.whole(), slices, resting, residual, pass.workspace(), y);
        return y;
    }

    /** Row by row: a decoder, which has such MLPs, writes one token at a time, so that there is nothing to group. */
    private Tensor runGated(Pass pass, Tensor x, Tensor residual, Routing routing) {
        Tensor y = pass.tensor(x.rows(), learned.hidden());
        int[] counts = routing.counts();
        for (int row = 0; row < x.rows(); row++) {
            pass.push();
            Tensor in = pass.workspace().rows(x, row, 1);
            Tensor added = pass.workspace().rows(residual, row, 1);
            Tensor out = pass.workspace().rows(y, row, 1);
            if (counts[row] == learners) {
                pass.stream().copy(dense.forward(pass, in, added), out);
            } else {
                runGatedRow(pass, in, added, counts[row], out);
            }
            pass.pop();
        }
        return y;
    }

    private void runGatedRow(Pass pass, Tensor x, Tensor residual, int count, Tensor y) {
        Stream stream = pass.stream();
        if (count == 0) {
            stream.add(residual, resting, y);
        }
        Tensor both = pass.tensor(1, acm.learnersPerSlice() * learned.upWidth());
        Tensor units = pass.tensor(1, acm.learnersPerSlice() * learned.width());
        for (int n = 0; n < Math.min(count, upBiases.size()); n++) {
            stream.linear(x, upSlices.get(n), upBiases.get(n), false, null, both);
            GatedUnits.forward(stream, both, Activation.SILU, learned.width(), units);
            stream.linear(units, downSlices.get(n), downBiases.get(n), false, n == 0 ? residual : y, y);
        }
    }
}
