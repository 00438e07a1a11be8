package io.tokenwise.acm.choose;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Routing;
import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * An Adaptive Computation Module (Wójcik et al., arXiv 2312.10193, section 3): N ordered learners and a gate that picks, for each token,
 * how many of them run. What a learner computes is the matter of the {@code AdaptiveBlock} that the module belongs to.
 *
 * <p>Choosing is thread-safe for different passes once {@link #prepare} has run and while nobody trains.
 */
public final class Acm implements AdaptiveModule {
    /** Length of the features by which gates read a budget. */
    public static final int BUDGET_KNOTS = Gate.KNOTS;

    private static final int NOT_FIXED = -1;

    private final String path;
    private final int learners;
    private final int trained;
    private final int hidden;
    private final long learnerFlops;
    private final int[] countsFromOne;
    private final Gate gate;
    private final Router router;
    private BlockSlot.Role role = BlockSlot.Role.ENCODER;
    private int fixedCount = NOT_FIXED;

    /**
     * A module whose gate's parameters are named {@code path.acm.gate.*}, zero.
     *
     * @param trained how many learners have weights of their own: less than {@code learners}
     */
    public Acm(Parameters owner, String path, int learners, int trained, int hidden, long learnerFlops) {
        this.path = path;
        this.learners = learners;
        this.trained = trained;
        this.hidden = hidden;
        this.learnerFlops = learnerFlops;
        countsFromOne = IntStream.range(1, choices()).map(this::count).toArray();
        gate = new Gate(owner, path + ".acm.", hidden, this);
        router = new Router(this, gate);
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public int learners() {
        return learners;
    }

    /** Whether it reads the tokens of a decoder, which have a budget of their own. */
    public boolean ofDecoder() {
        return role == BlockSlot.Role.DECODER;
    }

    /** Tells the module whose layer its block is in; an encoder's, if nobody does. */
    public void of(BlockSlot.Role newRole) {
        role = newRole;
    }

    /** How many learners have weights of their own. A token has at most so many, or all {@link #learners}, which are the dense block. */
    public int trained() {
        return trained;
    }

    /** What a gate chooses from, in ascending order: {@code trained + 2} counts. */
    public int choices() {
        return trained + 2;
    }

    /** The learners of a choice, 0 for the first one. */
    public int count(int choice) {
        return choice <= trained ? choice : learners;
    }

    /** The learners of each choice but the first; not to be written. */
    int[] countsFromOne() {
        return countsFromOne;
    }

    /** The most learners that a token can have if it must not have more than {@code most}. */
    int countUpTo(int most) {
        return most >= learners ? learners : Math.min(most, trained);
    }

    @Override
    public long learnerFlops() {
        return learnerFlops;
    }

    /** Multiply-adds of column {@code n} of what {@link #train} gives, for one token. */
    public long flops(int n) {
        return learnerFlops * (count(n + 1) - count(n));
    }

    @Override
    public long gateFlops() {
        return (long) hidden * (trained + 1);
    }

    /** Parameters of the gate. */
    public List<Parameter> gateParameters() {
        return gate.parameters();
    }

    /** Makes the module a control, before its block is prepared: its gate is never asked, and every token gets so many learners, whatever its budget. */
    public void fix(int count) {
        if (count < 0 || countUpTo(count) != count) {
            throw new IllegalArgumentException(
                    path + ": fixed to " + count + " learners, must be 0 to " + trained + " or " + learners);
        }
        fixedCount = count;
    }

    @Override
    public boolean isFixed() {
        return fixedCount != NOT_FIXED;
    }

    /** How many, if it {@link #isFixed}. */
    public int fixedCount() {
        return fixedCount;
    }

    /**
     * In inference: into how many slices the learners with weights are cut, each of them one product. Of a control the learners that run are one slice, since
     * all tokens have the same; it runs for none where all tokens have no learner, or all.
     */
    public int slices() {
        return isFixed() ? 1 : trained;
    }

    /** Learners of a slice. */
    public int learnersPerSlice() {
        return isFixed() ? Math.clamp(fixedCount, 1, trained) : 1;
    }

    /** What the gates are told for a wanted share. */
    public void calibrate(LengthCalibration newCalibration) {
        router.calibrate(newCalibration);
    }

    /** How a request becomes what gates are told. */
    public LengthCalibration calibration() {
        return router.calibration();
    }

    /** @param together the modules that share a hard budget, this one among them */
    public void split(BudgetSplit split, List<Acm> together) {
        router.split(split, together);
    }

    /** How hard budgets are split among modules. */
    public BudgetSplit split() {
        return router.split();
    }

    /** The module's place among the model's modules of the same cost, by which static budgets between two counts are spread. */
    public void place(int newIndex) {
        router.place(newIndex);
    }

    /**
     * Gives the gate its untrained start.
     *
     * @param none by how much the logit of no learner starts behind
     */
    public void startGate(double none) {
        gate.start(none);
    }

    /** Readies the gate for {@link #choose}. */
    public void prepare() {
        gate.prepare();
    }

    /** In inference: how many learners each row of x gets, in a routing, which is sorted. */
    public void choose(Pass pass, Tensor x, Routing routing) {
        router.route(pass, x, routing);
        LearnerObserver observer = pass.given(LearnerObserver.class);
        if (observer != null) {
            observer.spent(path, routing.counts(), x.rows(), routing.asked());
        }
    }

    /**
     * In training: the straight-through choice {@code [tokens, trained + 1]}, whose last column stands for all that is not trained. The pass's
     * {@link GateTraining} gets it too.
     */
    public Tensor train(Pass pass, Tensor x) {
        GateTraining training = pass.given(GateTraining.class);
        if (training == null) {
            throw new IllegalStateException(path + ": a pass with a tape needs a gate training");
        }
        Tensor running = isFixed() ? running(pass, x.rows(), fixedCount) : gate.train(pass, x, training);
        training.running().add(running);
        return running;
    }

    /** What {@link #train} gives if each of the tokens gets {@code count} learners. */
    public Tensor running(Pass pass, int tokens, int count) {
        Tensor running = pass.tensor(tokens, trained + 1);
        try (HostTensor values = pass.stream().write(running)) {
            for (int token = 0; token < tokens; token++) {
                running(values, token, count);
            }
        }
        return running;
    }

    /** Writes a row of what {@link #train} gives: those of {@code count} learners. */
    public void running(HostTensor running, int token, int count) {
        for (int choice = 1; choice < choices(); choice++) {
            running.set(token, choice - 1, count(choice) <= count ? 1 : 0);
        }
    }

    /** In training: the gate's logits of each choice {@code [tokens, choices]} for each token's own budget. */
    public Tensor gateLogits(Pass pass, Tensor x, Tensor budgetFeatures) {
        return gate.trainingLogits(pass, x, budgetFeatures);
    }

    /** The feature {@code knot} of a budget, 0 to 1. */
    public static double budgetFeature(int knot, double budget) {
        return Gate.feature(knot, budget);
    }
}
