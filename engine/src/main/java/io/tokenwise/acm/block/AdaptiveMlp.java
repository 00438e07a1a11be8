package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Mlp;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An MLP of which a token may have less. With k of the N learners it gets {@code c_0 + s_1(x) + .. + s_k(x) + residual} with
 * {@code s_n(x) = W2_n gelu(W1_n x + b1_n) + c_n} if k is less than N, and with all N what the dense MLP gives, {@code mlp(x) + residual}.
 * Only the first T learners have weights, {@code T < N}: k is 0 to T, or N.
 *
 * <p>Learner n starts as the n-th slice of the dense MLP's hidden units, the most important first. Differing from the paper, learners have an
 * output bias c_n: it starts as minus the slice's mean contribution, which c_0 holds instead, so that a learner left out is replaced by
 * its mean; and not all learners have weights of their own: who can afford all of them gets the teacher's MLP.
 *
 * <p>Of a gated MLP learners are gated too: {@code s_n(x) = W2_n (u * act(g)) + c_n} with {@code [u, g] = W1_n x + b1_n}.
 *
 * <p>{@link #infer} is thread-safe for different passes once {@link #prepare} has run.
 */
public final class AdaptiveMlp implements AdaptiveBlock {
    private final MlpLearners learned;
    private final Acm acm;
    private final GroupedMlp grouped;
    private final MaskedMlp masked;

    /**
     * Zero parameters named {@code path.acm.*} beside those of the dense MLP.
     *
     * @param trained how many learners have weights
     */
    public AdaptiveMlp(Parameters owner, String path, Mlp dense, int learners, int trained) {
        learned = MlpLearners.add(owner, path, dense, learners, trained);
        int hidden = learned.hidden();
        acm = new Acm(owner, path, learners, trained, hidden, (long) hidden * (learned.upWidth() + learned.width()));
        grouped = new GroupedMlp(learned, acm);
        masked = MaskedMlp.of(learned, acm);
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
        return learned.width();
    }

    /** The MLP of tokens with all learners. */
    public Mlp dense() {
        return learned.dense();
    }

    /** W1, b1, W2, c {@code [trained + 1, hidden]}. */
    @Override
    public List<Parameter> learnerParameters() {
        return learned.parameters();
    }

    @Override
    public List<Parameter> denseParameters() {
        Mlp dense = learned.dense();
        return Arrays.asList(
                        dense.up().weight().parameter(),
                        dense.up().bias(),
                        dense.down().weight().parameter(),
                        dense.down().bias())
                .stream()
                .filter(Objects::nonNull)
                .toList();
    }

    @Override
    public Map<Parameter, Tensor> denseSlices(Arena arena) {
        return learned.denseSlices(arena);
    }

    /** Of a column of W1 the dense block's: learner by learner, and in a gated MLP's learner first u, then g. */
    public int denseColumn(int column) {
        return learned.denseColumn(column);
    }

    @Override
    public void prepare(Stream stream) {
        grouped.prepare(stream);
    }

    @Override
    public Tensor infer(Pass pass, Tensor x, Tensor residual) {
        return grouped.infer(pass, x, residual);
    }

    @Override
    public Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        return masked.outputs(pass, x, running);
    }

    /**
     * Squared distance of the output to the dense MLP's for each token and each choice of its module, one token
     * after the other; no tape.
     *
     * @param target what the dense MLP gives for x
     */
    public void errors(Pass pass, Tensor x, Tensor target, float[] errors) {
        masked.errors(pass, x, target, errors);
    }
}
