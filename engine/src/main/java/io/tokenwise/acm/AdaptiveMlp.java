package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.SlicedWeight;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.MlpSlices;
import io.tokenwise.backend.PackedMatrix;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenGroups;
import io.tokenwise.tensor.Tensor;
import java.util.List;

/**
 * An MLP cut into learners. A token that uses k of them gets {@code residual + b2 + s_1(x) + .. + s_k(x)} with
 * {@code s_n(x) = W2_n gelu(W1_n x + b1_n) + c_n}.
 *
 * <p>Learner n is the n-th slice of one MLP's hidden units. Differing from the paper, learners have an output bias c: it starts as minus
 * the slice's mean contribution, which b2 holds instead, so that a learner left out is replaced by its mean.
 *
 * <p>Without a tape, tokens are grouped by learner count and each learner runs as one product over a prefix of the groups; forward is
 * then thread-safe for different passes.
 */
public final class AdaptiveMlp implements AdaptiveBlock {
    private final Acm acm;
    private final int learners;
    private final int width;
    private final int hidden;
    private final Linear up;
    private final Weight down;
    private final Parameter bias;
    private final Weight learnerBias;
    private final SlicedWeight ups;
    private final SlicedWeight downs;
    private final Tensor[] upBiases;
    /** What each learner adds on write-back: the first one b2 + c_1, the others their c. */
    private final Tensor[] downBiases;

    /** What inference uses; null until it is prepared. */
    private MlpSlices slices;

    private int biasVersion = -1;

    /** Zero parameters named {@code path.acm.*}; {@code width} is a learner's number of hidden units. */
    AdaptiveMlp(Parameters owner, String path, int learners, int hidden, int width) {
        this.learners = learners;
        this.width = width;
        this.hidden = hidden;
        String name = path + ".acm.";
        Parameter w1 = owner.add(name + "w1", hidden, learners * width);
        Parameter b1 = owner.add(name + "b1", 1, learners * width);
        Parameter w2 = owner.add(name + "w2", learners * width, hidden);
        bias = owner.add(name + "b2", 1, hidden);
        learnerBias = new Weight(owner, owner.add(name + "c", learners, hidden));
        up = new Linear(new Weight(owner, w1), b1);
        down = new Weight(owner, w2);
        acm = new Acm(owner, path, learners, hidden, 2L * hidden * width);
        ups = new SlicedWeight(owner, w1, learners, true);
        downs = new SlicedWeight(owner, w2, learners, false);
        upBiases = new Tensor[learners];
        downBiases = new Tensor[learners];
        for (int n = 0; n < learners; n++) {
            upBiases[n] = b1.value().part((long) n * width, width);
            downBiases[n] = n == 0 ? owner.constant(1, hidden) : cRow(n);
        }
    }

    /** Hidden units of one learner if {@code learners} share {@code units}. */
    static int widthOf(String path, int units, int learners) {
        if (learners < 1 || units % learners != 0) {
            throw new IllegalArgumentException(path + ": " + units + " hidden units cannot be cut into " + learners
                    + " learners of equal width; choose a divisor");
        }
        return units / learners;
    }

    private Tensor cRow(int learner) {
        return learnerBias.parameter().value().part((long) learner * hidden, hidden);
    }

    public Acm acm() {
        return acm;
    }

    @Override
    public List<Acm> acms() {
        return List.of(acm);
    }

    /** Hidden units of one learner. */
    public int width() {
        return width;
    }

    /** W1, b1, W2, b2, c. */
    @Override
    public List<Parameter> learnerParameters() {
        return List.of(up.weight().parameter(), up.bias(), down.parameter(), bias, learnerBias.parameter());
    }

    @Override
    public void prepare(Stream stream) {
        List<PackedMatrix> upSlices = ups.packed(stream);
        List<PackedMatrix> downSlices = downs.packed(stream);
        acm.prepare();
        if (slices == null) {
            slices = new MlpSlices(upSlices, List.of(upBiases), downSlices, List.of(downBiases));
        }
        if (biasVersion != bias.version() + learnerBias.parameter().version()) {
            stream.add(bias.value(), cRow(0), downBiases[0]);
            biasVersion = bias.version() + learnerBias.parameter().version();
        }
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        if (pass.tape() != null) {
            return pass.add(outputs(pass, x, List.of(acm.train(pass, x))), residual);
        }
        TokenGroups groups = pass.groups(0);
        acm.choose(pass, x, groups);
        return run(pass, x, residual, groups);
    }

    /** Each learner over the tokens that use it, in ascending order of learners, so that a token's sum has one order. */
    private Tensor run(Pass pass, Tensor x, Tensor residual, TokenGroups groups) {
        Stream stream = pass.stream();
        prepare(stream);
        Tensor y = pass.tensor(x.rows(), hidden);
        int[] order = groups.order();
        int active = groups.using(0, learners);
        stream.addBias(residual, order, active, x.rows(), bias.value(), y);
        pass.push();
        Tensor units = pass.tensor(active, width);
        stream.mlp(x, order, groups.using(learners), slices, residual, units, y);
        pass.pop();
        return y;
    }

    /** {@code b2 + sum_n running[., n] * s_n(x)}. */
    @Override
    public Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        Tensor units = pass.scaleBlocks(up.forwardGelu(pass, x), running.getFirst());
        Tensor biases = pass.linear(running.getFirst(), learnerBias, bias, false, null);
        return pass.linear(units, down, null, false, biases);
    }

    /**
     * Squared distance of the output to {@code target} for each token and each learner count 0..learners, one token
     * after the other; no tape.
     */
    public void errors(Pass pass, Tensor x, Tensor target, float[] errors) {
        Stream stream = pass.stream();
        Tensor y = pass.tensor(x.rows(), hidden);
        for (int row = 0; row < x.rows(); row++) {
            for (int column = 0; column < hidden; column++) {
                y.set(row, column, bias.value().get(0, column));
            }
        }
        squaredDistances(y, target, errors, 0);
        for (int n = 0; n < learners; n++) {
            pass.push();
            Tensor units = pass.tensor(x.rows(), width);
            stream.linear(x, ups.packed(stream).get(n), upBiases[n], true, null, units);
            stream.linear(units, downs.packed(stream).get(n), cRow(n), false, y, y);
            pass.pop();
            squaredDistances(y, target, errors, n + 1);
        }
    }

    private void squaredDistances(Tensor y, Tensor target, float[] errors, int count) {
        for (int row = 0; row < y.rows(); row++) {
            double sum = 0;
            for (int column = 0; column < hidden; column++) {
                double difference = y.get(row, column) - target.get(row, column);
                sum += difference * difference;
            }
            errors[row * (learners + 1) + count] = (float) sum;
        }
    }
}
