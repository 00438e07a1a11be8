package io.tokenwise.acm;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Self-attention whose projections Q, K, V and O are cut into learners. The columns of Q and K, and those of V and of O's input, are cut
 * into units of {@link #UNIT} columns of one head, and each unit belongs to a learner. A token with k learners has the columns of the units
 * of learners 1 to k, {@code x W + bias + rest}; of the others it has their {@code rest} only, which starts as their mean. What O does not read
 * of a token's context, a bias c of its learner replaces.
 *
 * <p>Heads are rotated ({@link HeadRotation}) so that their first columns matter most; with all learners the block computes what the dense
 * one did.
 *
 * <p>Any projections may share a gate, and those without one are always whole. All gates read the block's input. Without a tape, forward is
 * thread-safe for different passes once {@link #prepare} has run.
 */
public final class AdaptiveAttention implements AdaptiveBlock {
    /** Columns of a unit; divides the width of a head. */
    public static final int UNIT = 8;

    /** The projections in the order in which a path names those that a gate decides about: {@code encoder.layer.0.attention.qkvo}. */
    static final String PROJECTIONS = "qkvo";

    private final String path;
    private final int learners;
    private final int hidden;
    private final int heads;
    private final int[] queryKeyUnits;
    private final int[] valueOutputUnits;
    private final List<Acm> acms = new ArrayList<>();
    private final Weight qkv;
    private final Parameter qkvBias;
    private final Parameter rest;
    private final Weight output;
    private final Parameter outputBias;
    private final Weight learnerBias;

    /** For each module the learner of each unit of Q, K and V, -1 for those that it does not decide about; null if these are all. */
    private final List<int[]> places = new ArrayList<>();

    /** For inference: Q, K and V by who decides about them, then O. */
    private final List<AttentionInput> inputs = new ArrayList<>();

    private final AttentionOutput result;
    private final AttentionLayout layout;

    /** The last module that decides about Q, K or V; -1 if none. */
    private int lastOfProjections = -1;

    /** Which module decides about O; -1 if none. */
    private int outputDecision = -1;

    /**
     * Zero parameters named {@code path.acm.*}.
     *
     * @param layers has the gates and the number of learners
     * @param queryKeyUnits the learner of each unit of Q and K, head by head
     * @param valueOutputUnits the same for V and O
     */
    AdaptiveAttention(
            Parameters owner,
            String path,
            int heads,
            int hidden,
            AdaptiveLayers layers,
            int[] queryKeyUnits,
            int[] valueOutputUnits) {
        this.path = path;
        this.heads = heads;
        this.hidden = hidden;
        this.learners = layers.learners();
        this.queryKeyUnits = queryKeyUnits.clone();
        this.valueOutputUnits = valueOutputUnits.clone();
        checkUnits("q and k", queryKeyUnits);
        checkUnits("v and o", valueOutputUnits);
        String name = path + ".acm.";
        qkv = new Weight(owner, owner.add(name + "qkv.weight", hidden, 3 * hidden));
        qkvBias = owner.add(name + "qkv.bias", 1, 3 * hidden);
        rest = owner.add(name + "qkv.rest", 1, 3 * hidden);
        output = new Weight(owner, owner.add(name + "output.weight", hidden, hidden));
        outputBias = owner.add(name + "output.bias", 1, hidden);
        learnerBias = new Weight(owner, owner.add(name + "output.c", learners, hidden));
        for (String letters : layers.attentionGates()) {
            long flops = (long) letters.length() * hidden * hidden / learners;
            acms.add(new Acm(owner, path + "." + letters, learners, hidden, flops));
            places.add(places(letters));
            if (places.getLast() != null) {
                lastOfProjections = acms.size() - 1;
            }
            if (letters.indexOf('o') >= 0) {
                outputDecision = acms.size() - 1;
            }
        }
        for (int i = 0; i < acms.size(); i++) {
            if (places.get(i) != null) {
                inputs.add(input(owner, places.get(i), learners, i));
            }
        }
        int[] undecided = undecided();
        if (Arrays.stream(undecided).anyMatch(learner -> learner >= 0)) {
            inputs.add(input(owner, undecided, 1, -1));
        }
        int[] ofContext = outputDecision < 0 ? new int[hidden / UNIT] : valueOutputUnits;
        result = new AttentionOutput(
                owner,
                output.parameter(),
                outputBias,
                learnerBias,
                ofContext,
                outputDecision < 0 ? 1 : learners,
                outputDecision);
        layout = new AttentionLayout(starts(0), starts(1), starts(2), result.starts());
    }

    private AttentionInput input(Parameters owner, int[] learnerOfUnit, int count, int decision) {
        return new AttentionInput(owner, qkv.parameter(), qkvBias, rest, learnerOfUnit, count, decision);
    }

    /** 0 for each unit of Q, K and V that no module decides about, otherwise -1. */
    private int[] undecided() {
        var learner = new int[3 * hidden / UNIT];
        for (int[] decided : places) {
            for (int unit = 0; decided != null && unit < learner.length; unit++) {
                learner[unit] = decided[unit] >= 0 ? -1 : learner[unit];
            }
        }
        return learner;
    }

    private int[] starts(int projection) {
        return inputs.stream()
                .filter(part -> part.has(projection))
                .findFirst()
                .orElseThrow()
                .starts(projection);
    }

    /** How many units each learner has: as many as every other. */
    static int unitsOfLearner(String path, int hidden, int heads, int learners) {
        if (hidden / heads % UNIT != 0) {
            throw new IllegalArgumentException(
                    path + ": heads of " + hidden / heads + " columns cannot be cut into units of " + UNIT
                            + ", so attention must stay dense: make only mlp adaptive");
        }
        if (learners < 1 || hidden / UNIT % learners != 0) {
            throw new IllegalArgumentException(path + ": " + hidden / UNIT + " units of " + UNIT
                    + " columns cannot be cut into " + learners
                    + " learners of equal width: choose a divisor, or make only mlp adaptive");
        }
        return hidden / UNIT / learners;
    }

    private void checkUnits(String what, int[] units) {
        int each = unitsOfLearner(path, hidden, heads, learners);
        var counts = new int[learners];
        for (int learner : units) {
            if (learner < 0 || learner >= learners) {
                throw new IllegalArgumentException(
                        path + ": a unit of " + what + " belongs to learner " + learner + " of " + learners);
            }
            counts[learner]++;
        }
        if (units.length != hidden / UNIT || Arrays.stream(counts).anyMatch(count -> count != each)) {
            throw new IllegalArgumentException(path + ": the units of " + what + " are " + units.length + " with "
                    + Arrays.toString(counts) + " for the learners, must be " + hidden / UNIT + " with " + each
                    + " for each");
        }
    }

    private int[] places(String letters) {
        int units = hidden / UNIT;
        var all = new int[3 * units];
        Arrays.fill(all, -1);
        boolean any = false;
        for (int i = 0; i < 3; i++) {
            if (letters.indexOf(PROJECTIONS.charAt(i)) >= 0) {
                System.arraycopy(i < 2 ? queryKeyUnits : valueOutputUnits, 0, all, i * units, units);
                any = true;
            }
        }
        return any ? all : null;
    }

    @Override
    public List<Acm> acms() {
        return acms;
    }

    /** Such as {@code encoder.layer.0.attention}. */
    public String path() {
        return path;
    }

    /** The learner of each unit of Q and K, head by head. */
    public int[] queryKeyUnits() {
        return queryKeyUnits.clone();
    }

    /** The learner of each unit of V and O, head by head. */
    public int[] valueOutputUnits() {
        return valueOutputUnits.clone();
    }

    /** Weight {@code [hidden, 3 * hidden]} of Q, K and V, its bias, rest, weight {@code [hidden, hidden]} of O, its bias, c. */
    @Override
    public List<Parameter> learnerParameters() {
        return List.of(qkv.parameter(), qkvBias, rest, output.parameter(), outputBias, learnerBias.parameter());
    }

    @Override
    public double flopsPerToken(double share) {
        int decided = acms.stream()
                .mapToInt(acm -> acm.path().length() - path.length() - 1)
                .sum();
        return AdaptiveBlock.super.flopsPerToken(share) + (double) (PROJECTIONS.length() - decided) * hidden * hidden;
    }

    @Override
    public void prepare(Stream stream) {
        for (int i = 0; i < inputs.size(); i++) {
            inputs.get(i).prepare(stream);
        }
        result.prepare(stream);
        for (int i = 0; i < acms.size(); i++) {
            acms.get(i).prepare();
        }
    }

    @Override
    public Tensor forward(Pass pass, Tensor x, Tensor residual) {
        if (pass.tape() != null) {
            List<Tensor> running = acms.stream().map(acm -> acm.train(pass, x)).toList();
            return pass.add(outputs(pass, x, running), residual);
        }
        prepare(pass.stream());
        Tensor y = pass.tensor(x.rows(), hidden);
        pass.push();
        for (int i = 0; i < acms.size(); i++) {
            acms.get(i).choose(pass, x, pass.groups(i));
        }
        Tensor context = pass.tensor(x.rows(), hidden);
        attend(pass, x, context);
        result.run(pass, context, residual, y);
        pass.pop();
        return y;
    }

    private void attend(Pass pass, Tensor x, Tensor context) {
        pass.push();
        Tensor query = null;
        Tensor key = null;
        Tensor value = null;
        for (int i = 0; i < inputs.size(); i++) {
            AttentionInput input = inputs.get(i);
            Tensor columns = input.run(pass, x);
            query = input.has(0) ? columns : query;
            key = input.has(1) ? columns : key;
            value = input.has(2) ? columns : value;
        }
        TokenBatch batch = pass.batch();
        pass.stream().attention(query, key, value, layout, batch.offsets(), batch.sequences(), heads, context);
        pass.pop();
    }

    @Override
    public Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        Tensor projected = pass.linear(x, qkv, qkvBias, false, null);
        for (int i = 0; i < acms.size(); i++) {
            if (places.get(i) != null) {
                Parameter shift = i == lastOfProjections ? rest : null;
                projected = pass.scaleUnits(projected, running.get(i), places.get(i), shift);
            }
        }
        Tensor context = pass.attention(projected, pass.batch(), heads);
        if (outputDecision < 0) {
            return pass.linear(context, output, outputBias, false, null);
        }
        Tensor kept = pass.scaleUnits(context, running.get(outputDecision), valueOutputUnits, null);
        Tensor biases = pass.linear(running.get(outputDecision), learnerBias, outputBias, false, null);
        return pass.linear(kept, output, null, false, biases);
    }
}
