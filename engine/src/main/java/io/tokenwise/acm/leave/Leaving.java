package io.tokenwise.acm.leave;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Budget.Routing;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Staying;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Lets tokens leave before the first layer: those of an input that its {@link StayGate} values least, as many as its plan says. It is an ACM's k = 0 for
 * all modules at once. Thread-safe for different passes, while nobody calibrates it.
 */
public final class Leaving {
    private final StayGate gate;
    private final EvenSpread spread;
    private ShortPlans plans;
    private NarrowLayers narrow;

    /** @param patchesPerSide of images, which are squares; 0 if inputs are something else */
    public Leaving(StayGate gate, ShortPlans plans, NarrowLayers narrow, int patchesPerSide) {
        this.gate = gate;
        spread = patchesPerSide == 0 ? EvenSpread.NONE : EvenSpread.of(patchesPerSide);
        this.plans = plans;
        this.narrow = narrow;
    }

    public StayGate gate() {
        return gate;
    }

    public ShortPlans plans() {
        return plans;
    }

    /** Which layers become narrow first. */
    public NarrowLayers narrow() {
        return narrow;
    }

    /** Changes which layers become narrow first. */
    public void order(NarrowLayers newNarrow) {
        narrow = newNarrow;
    }

    /** From here on short texts look values up. */
    public void useTable(LeastWorth leastWorth) {
        plans = plans.with(leastWorth);
    }

    /**
     * What an input gets; of a short text its own words say how many stay, also for controls, which then let others stay.
     *
     * @param ids of a text its tokens, from that place on
     */
    public ShortPlan plan(int[] ids, int from, int tokens, Budget budget) {
        ShortPlan plan = plans.plan(tokens, budget);
        double worth = plans.leastWorth(tokens, budget);
        return Double.isNaN(worth) ? plan : plans.of(worthMore(ids, from, tokens, worth), plan.narrowLayers());
    }

    /** The same with so many narrow layers and a share of the tokens; of a short text those that are worth as much as this share of all short texts' tokens. */
    public ShortPlan plan(int[] ids, int from, int tokens, double share, int narrowLayers) {
        boolean isShort = share < 1 && plans.leastWorth().isShort(tokens);
        int rows = isShort
                ? worthMore(ids, from, tokens, plans.leastWorth().of(share))
                : Math.clamp(Math.round(share * tokens), plans.least(tokens), tokens);
        return plans.of(rows, narrowLayers);
    }

    private int worthMore(int[] ids, int from, int tokens, double worth) {
        int rows = plans.first() + plans.last();
        for (int i = plans.first(); i < tokens - plans.last(); i++) {
            rows += gate.worth(ids[from + i]) >= worth ? 1 : 0;
        }
        return Math.clamp(rows, plans.least(tokens), tokens);
    }

    /** What plans were measured to lose. */
    public void calibrate(PlanLosses losses) {
        plans = plans.with(losses);
    }

    /**
     * From here on the pass's batch is the tokens that stay, and what is returned their rows of x.
     *
     * @param x embeddings of the pass's batch, whose inputs have their plans in the pass's {@link StayingRows}
     */
    public Tensor leave(Pass pass, Tensor x) {
        StayingRows staying = StayingRows.of(pass);
        TokenBatch batch = pass.batch();
        // The gate learns from what tokens are worth to the teacher, not by what is done with its choice.
        Tape tape = pass.tape();
        pass.train(null);
        // Training may have changed it since.
        if (tape != null) {
            gate.prepare(pass.stream());
        }
        choose(pass, x, staying);
        pass.train(tape);
        pass.over(staying.batch());
        return staying.rowsThatStay(pass, x);
    }

    /** Tells the pass's observer, if it has one, which tokens stayed: where a device chose them, the host waits for it only now. */
    public void tellSpent(Pass pass) {
        LearnerObserver observer = pass.given(LearnerObserver.class);
        if (observer != null) {
            StayingRows staying = StayingRows.of(pass);
            Staying chosen = staying.staying();
            observer.spent(gate.path(), chosen.stays(), chosen.rows(), staying.gated());
        }
    }

    /** How many tokens of each input stay is known; which, the stream finds out, from the gate's values or from those that are written here. */
    private void choose(Pass pass, Tensor x, StayingRows rows) {
        TokenBatch batch = pass.batch();
        Staying staying = rows.begin(pass, plans.first(), plans.last(), spread.less());
        int gated = 0;
        for (int input = 0; input < batch.sequences(); input++) {
            int tokens = batch.length(input);
            int wanted = rows.plan(input).rows();
            if (wanted == tokens) {
                staying.all(tokens);
                continue;
            }
            boolean isShort = plans.leastWorth().isShort(tokens);
            gated += isShort ? 0 : tokens;
            if (isShort) {
                gate.lookUp(batch, input, staying.values());
            }
            Routing routing = pass.budget(input).routing();
            boolean isControl = routing == Routing.STATIC || routing == Routing.RANDOM;
            if (isControl) {
                control(staying.values(), batch, input, pass.budget(input));
            }
            staying.most(tokens, wanted, !isShort && !isControl, routing != Routing.RANDOM);
        }
        rows.gated(gated);
        pass.push();
        staying.choose(gated == 0 ? null : gate.values(pass, x));
        pass.pop();
    }

    /** What a control has in place of the gate's values: static, a text is cut, and of each image the same patches stay, spread; random, any tokens stay. */
    private void control(float[] values, TokenBatch batch, int input, Budget budget) {
        int from = batch.offsets()[input];
        RandomGenerator random = budget.routing() == Routing.STATIC
                ? null
                : RandomGeneratorFactory.of("L64X128MixRandom").create(31 * budget.seed() + hash(batch, input));
        for (int token = 0; token < batch.length(input); token++) {
            float alike = spread == EvenSpread.NONE ? -token : 0;
            values[from + token] = random == null ? alike : random.nextFloat();
        }
    }

    private static int hash(TokenBatch batch, int input) {
        int hash = 1;
        for (int i = batch.inputOffsets()[input]; i < batch.inputOffsets()[input + 1]; i++) {
            hash = 31 * hash + batch.inputs()[i];
        }
        return hash;
    }
}
