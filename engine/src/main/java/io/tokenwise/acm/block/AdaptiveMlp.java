package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.TokenGroups;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * An MLP of which a token may have less. With k of the N learners it gets {@code c_0 + s_1(x) + .. + s_k(x) + residual} with
 * {@code s_n(x) = W2_n gelu(W1_n x + b1_n) + c_n} if k is less than N, and with all N what the dense MLP gives, {@code mlp(x) + residual}.
 * Only the first T learners have weights, T < N: k is 0 to T, or N.
 *
 * <p>Learner n starts as the n-th slice of the dense MLP's hidden units, the most important first. Differing from the paper, learners have an
 * output bias c_n: it starts as minus the slice's mean contribution, which c_0 holds instead, so that a learner left out is replaced by
 * its mean; and not all learners have weights of their own: who can afford all of them gets the teacher's MLP.
 *
 * <p>Of a gated MLP learners are gated too: {@code s_n(x) = W2_n (u * silu(g)) + c_n} with {@code [u, g] = W1_n x + b1_n}.
 *
 * <p>In inference tokens are grouped by learner count and each learner runs as one product over a prefix of the groups, or, where a control gives all
 * tokens the same learners, these run as one product. {@link #infer} is thread-safe for different passes once {@link #prepare} has run.
 */
public final class AdaptiveMlp implements AdaptiveBlock {
    private final Parameters owner;
    private final Acm acm;
    private final Mlp dense;
    private final int learners;
    private final int trained;
    private final int width;
    /** Columns of a learner's W1: its units', or, if the MLP is gated, those of its u, then those of its g. */
    private final int upWidth;

    private final int hidden;
    private final Linear up;
    private final Weight down;
    private final Weight biases;
    /** c_0. */
    private final Tensor resting;

    /** c_0 and the c_n of the first slice's learners. */
    private final Tensor firstBias;

    private final RunningLearners factors;

    // What inference uses, slice by slice; null until it is prepared.

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

    /**
     * Zero parameters named {@code path.acm.*} beside those of the dense MLP.
     *
     * @param trained how many learners have weights
     */
    public AdaptiveMlp(Parameters owner, String path, Mlp dense, int learners, int trained) {
        this.owner = owner;
        this.dense = dense;
        this.learners = learners;
        this.trained = trained;
        hidden = dense.up().weight().inputs();
        width = widthOf(path, dense.units(), learners);
        upWidth = dense.isGated() ? 2 * width : width;
        String name = path + ".acm.";
        Parameter w1 = owner.add(name + "w1", hidden, trained * upWidth);
        Parameter b1 = owner.add(name + "b1", 1, trained * upWidth);
        Parameter w2 = owner.add(name + "w2", trained * width, hidden);
        biases = new Weight(owner, owner.add(name + "c", trained + 1, hidden));
        resting = c(0);
        up = new Linear(new Weight(owner, w1), b1);
        down = new Weight(owner, w2);
        acm = new Acm(owner, path, learners, trained, hidden, (long) hidden * (upWidth + width));
        factors = new RunningLearners(owner, trained + 1);
        firstBias = owner.constant(1, hidden);
    }

    /** Hidden units of one learner if {@code learners} share {@code units}. */
    static int widthOf(String path, int units, int learners) {
        if (learners < 1 || units % learners != 0) {
            throw new IllegalArgumentException(path + ": " + units + " hidden units cannot be cut into " + learners
                    + " learners of equal width; choose a divisor");
        }
        return units / learners;
    }

    /** What learner n adds, or for 0 what every token has that lacks a learner. */
    private Tensor c(int learner) {
        return biases.parameter().value().part((long) learner * hidden, hidden);
    }

    public Acm acm() {
        return acm;
    }

    @Override
    public List<Acm> acms() {
        return List.of(acm);
    }

    /** A little: what keeps a budget below 1/N is to leave MLPs out (docs/lab/tried.md, Low budgets). */
    @Override
    public double noneBehind() {
        return 2;
    }

    /** Hidden units of one learner. */
    public int width() {
        return width;
    }

    /** The MLP of tokens with all learners. */
    public Mlp dense() {
        return dense;
    }

    /** W1, b1, W2, c {@code [trained + 1, hidden]}. */
    @Override
    public List<Parameter> learnerParameters() {
        return List.of(up.weight().parameter(), up.bias(), down.parameter(), biases.parameter());
    }

    @Override
    public List<Parameter> denseParameters() {
        return List.of(
                dense.up().weight().parameter(),
                dense.up().bias(),
                dense.down().weight().parameter(),
                dense.down().bias());
    }

    @Override
    public Map<Parameter, Tensor> denseSlices(Arena arena) {
        Parameter w1 = up.weight().parameter();
        Parameter w2 = down.parameter();
        Tensor allUps = dense.up().weight().parameter().value();
        Tensor ups = owner.backend().allocate(arena, hidden, trained * upWidth);
        Tensor allDowns = dense.down().weight().parameter().value();
        Tensor downs = owner.backend().allocate(arena, trained * width, hidden);
        for (int row = 0; row < hidden; row++) {
            for (int column = 0; column < ups.columns(); column++) {
                ups.set(row, column, allUps.get(row, denseColumn(column)));
            }
            for (int unit = 0; unit < downs.rows(); unit++) {
                downs.set(unit, row, allDowns.get(unit, row));
            }
        }
        return Map.of(w1, ups, w2, downs);
    }

    /** Of a column of W1 the dense block's: learner by learner, and in a gated MLP's learner first u, then g. */
    public int denseColumn(int column) {
        int learner = column / upWidth;
        int within = column % upWidth;
        return learner * width + within % width + within / width * dense.units();
    }

    @Override
    public void prepare(Stream stream) {
        dense.prepare(stream);
        if (ups == null) {
            slice();
        }
        upSlices = ups.prepare(stream);
        downSlices = downs.prepare(stream);
        acm.prepare();
        if (slices == null && !dense.isGated()) {
            slices = new MlpSlices(upSlices, upBiases, downSlices, downBiases);
        }
        if (biasVersion != biases.parameter().version()) {
            stream.add(resting, c(1), firstBias);
            for (int n = 2; n <= acm.learnersPerSlice(); n++) {
                stream.add(firstBias, c(n), firstBias);
            }
            biasVersion = biases.parameter().version();
        }
    }

    private boolean isPrepared() {
        return ups != null
                && ups.isPrepared()
                && downs.isPrepared()
                && biasVersion == biases.parameter().version();
    }

    private void slice() {
        int count = acm.slices();
        int unitsPerSlice = acm.learnersPerSlice() * width;
        int columnsPerSlice = acm.learnersPerSlice() * upWidth;
        upBiases = new ArrayList<>();
        downBiases = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            upBiases.add(up.bias().value().part((long) n * columnsPerSlice, columnsPerSlice));
            downBiases.add(n == 0 ? firstBias : c(n + 1));
        }
        downs = new SlicedWeight(owner, down.parameter(), count, false, first(count * unitsPerSlice, trained * width));
        ups = new SlicedWeight(
                owner, up.weight().parameter(), count, true, first(count * columnsPerSlice, trained * upWidth));
    }

    /** The first places of so many, as a {@link SlicedWeight} is told them. */
    private static int[] first(int count, int all) {
        return count == all ? null : IntStream.range(0, count).toArray();
    }

    @Override
    public Tensor infer(Pass pass, Tensor x, Tensor residual) {
        assert isPrepared() : acm.path() + " was changed and not prepared again";
        TokenGroups groups = TokenGroups.of(pass, 0);
        acm.choose(pass, x, groups);
        if (groups.whole(learners) == x.rows()) {
            return dense.forward(pass, x, residual);
        }
        return dense.isGated() ? runGated(pass, x, residual, groups) : run(pass, x, residual, groups);
    }

    /** Each learner over the tokens that use it, in ascending order of learners, so that a token's sum has one order. */
    private Tensor run(Pass pass, Tensor x, Tensor residual, TokenGroups groups) {
        Stream stream = pass.stream();
        Tensor y = pass.tensor(x.rows(), hidden);
        int whole = groups.whole(learners);
        int active = groups.using(0, learners);
        stream.addBias(residual, groups.order(), active, x.rows(), resting, y);
        dense.infer(pass, x, groups.order(), whole, residual, y);
        pass.push();
        Tensor units = pass.tensor(active - whole, acm.learnersPerSlice() * width);
        stream.mlp(x, groups.partly(), groups.usingPartly(learners), slices, residual, units, y);
        pass.pop();
        return y;
    }

    /** Row by row: a decoder, which has such MLPs, writes one token at a time, so that there is nothing to group. */
    private Tensor runGated(Pass pass, Tensor x, Tensor residual, TokenGroups groups) {
        Tensor y = pass.tensor(x.rows(), hidden);
        for (int row = 0; row < x.rows(); row++) {
            pass.push();
            Tensor in = pass.workspace().rows(x, row, 1);
            Tensor added = pass.workspace().rows(residual, row, 1);
            Tensor out = pass.workspace().rows(y, row, 1);
            if (groups.learners()[row] == learners) {
                pass.stream().copy(dense.forward(pass, in, added), out);
            } else {
                runGatedRow(pass, in, added, groups.learners()[row], out);
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
        Tensor both = pass.tensor(1, acm.learnersPerSlice() * upWidth);
        Tensor units = pass.tensor(1, acm.learnersPerSlice() * width);
        for (int n = 0; n < Math.min(count, upBiases.size()); n++) {
            stream.linear(x, upSlices.get(n), upBiases.get(n), false, null, both);
            stream.gatedSilu(both, width, units);
            stream.linear(units, downSlices.get(n), downBiases.get(n), false, n == 0 ? residual : y, y);
        }
    }

    @Override
    public Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        Tensor learned = learned(pass, x, running.getFirst());
        Tensor whole = dense.down().forward(pass, dense.units(pass, x));
        return pass.add(learned, pass.scaleBlocks(whole, factors.wholly(pass, running.getFirst())));
    }

    /** What tokens get that have not all learners. */
    private Tensor learned(Pass pass, Tensor x, Tensor running) {
        Tensor units = pass.scaleBlocks(dense.units(pass, x, up, width), factors.partly(pass, running));
        Tensor added = pass.linear(factors.biased(pass, running), biases, null, false, null);
        return pass.linear(units, down, null, false, added);
    }

    /**
     * Squared distance of the output to the dense MLP's for each token and each choice of its module, one token
     * after the other; no tape.
     *
     * @param target what the dense MLP gives for x
     */
    public void errors(Pass pass, Tensor x, Tensor target, float[] errors) {
        prepareLearned(pass.stream());
        for (int choice = 0; choice <= trained; choice++) {
            pass.push();
            Tensor running = pass.tensor(x.rows(), trained + 1);
            for (int token = 0; token < x.rows(); token++) {
                acm.running(running, token, acm.count(choice));
            }
            squaredDistances(learned(pass, x, running), target, errors, choice);
            pass.pop();
        }
        for (int token = 0; token < x.rows(); token++) {
            errors[token * acm.choices() + trained + 1] = 0;
        }
    }

    /** What {@link #learned} needs where there is no tape. */
    private void prepareLearned(Stream stream) {
        up.weight().prepare(stream);
        down.prepare(stream);
        biases.prepare(stream);
        factors.prepare(stream);
    }

    private void squaredDistances(Tensor y, Tensor target, float[] errors, int choice) {
        for (int row = 0; row < y.rows(); row++) {
            double sum = 0;
            for (int column = 0; column < hidden; column++) {
                double difference = y.get(row, column) - target.get(row, column);
                sum += difference * difference;
            }
            errors[row * acm.choices() + choice] = (float) sum;
        }
    }
}
