package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.TokenGroups;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.AttentionLayout;
import io.tokenwise.backend.Stream;
import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.nn.SelfAttention;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Self-attention whose projections Q, K, V and O are cut into learners. The columns of Q and K, and those of V and of O's input, are cut
 * into units of {@link #unit} columns of one head, and each unit belongs to a learner. A token with k learners has the columns of the units
 * of learners 1 to k, {@code x W + bias + rest}; of the others it has their {@code rest} only: the mean query, and of K and V, whose means
 * softmax does not see or O's bias holds, nothing; where positions are rotary, the mean of each. What O does not read of a token's context, a bias c of its learner replaces. A token with all learners has the dense block's own projections instead.
 *
 * <p>Heads are rotated ({@code HeadRotation}), the dense block's too, which does not change what it computes, so that their first columns matter
 * most; if all tokens have all learners the block computes what the dense one does.
 *
 * <p>Any projections may share a gate, and those without one are always whole. All gates read the block's input. {@link #infer} is
 * thread-safe for different passes once {@link #prepare} has run.
 */
public final class AdaptiveAttention implements AdaptiveBlock {
    /** Columns of a unit where a kernel reads them where they lie. */
    private static final int LAID_OUT_UNIT = SequenceOps.UNIT;

    /** Columns of a unit elsewhere: two pairs of a rotary head. */
    private static final int GATHERED_UNIT = 4;

    /** The projections in the order in which a path names those that a gate decides about: {@code encoder.layer.0.attention.qkvo}. */
    public static final String PROJECTIONS = "qkvo";

    private final Parameters owner;
    private final String path;
    private final ProjectedAttention dense;
    private final int unit;
    private final int learners;
    private final int hidden;
    private final int heads;
    private final int[] queryKeyUnits;
    private final int[] valueOutputUnits;
    private final List<Acm> acms = new ArrayList<>();
    private final Weight qkv;
    private final Parameter qkvBias;
    private final Weight rest;
    private final Weight output;
    private final Weight outputBiases;
    private final MaskedAttention masked;

    /** For each module the learner of each unit of Q, K and V, -1 for those that it does not decide about; null if these are all. */
    private final List<int[]> places = new ArrayList<>();

    /** For inference: Q, K and V by who decides about them, then O. */
    private final List<AttentionInput> inputs = new ArrayList<>();

    private final AttentionOutput result;

    /** Where attention finds its columns; null if they are gathered for it. */
    private final AttentionLayout layout;

    /** The same where Q, K and V come from the dense block's one product; null if they are gathered. */
    private final AttentionLayout wholeLayout;

    /** For each unit of the context in the order of learners its first column there, head by head; null with a layout. */
    private final int[] contextUnits;

    /** Which module decides about O; -1 if none. */
    private int outputDecision = -1;

    /**
     * Zero parameters named {@code path.acm.*} beside those of the dense block.
     *
     * @param dense with rotated heads
     * @param layers has the gates and the number of learners
     * @param queryKeyUnits the learner of each unit of Q and K, head by head
     * @param valueOutputUnits the same for V and O
     */
    public AdaptiveAttention(
            Parameters owner,
            String path,
            ProjectedAttention dense,
            AdaptiveLayers layers,
            int[] queryKeyUnits,
            int[] valueOutputUnits) {
        this.owner = owner;
        this.path = path;
        this.dense = dense;
        heads = dense.heads();
        unit = unit(dense);
        hidden = dense.output().weight().inputs();
        this.learners = layers.learners();
        this.queryKeyUnits = queryKeyUnits.clone();
        this.valueOutputUnits = valueOutputUnits.clone();
        checkUnits("q and k", queryKeyUnits);
        checkUnits("v and o", valueOutputUnits);
        String name = path + ".acm.";
        qkv = new Weight(owner, owner.add(name + "qkv.weight", hidden, 3 * hidden));
        qkvBias = owner.add(name + "qkv.bias", 1, 3 * hidden);
        rest = new Weight(owner, owner.add(name + "qkv.rest", 1, 3 * hidden));
        output = new Weight(owner, owner.add(name + "output.weight", hidden, hidden));
        outputBiases = new Weight(owner, owner.add(name + "output.c", learners, hidden));
        for (String letters : layers.attentionGates()) {
            long flops = (long) letters.length() * hidden * hidden / learners;
            acms.add(new Acm(owner, path + "." + letters, learners, learners - 1, hidden, flops));
            places.add(places(letters));
            if (letters.indexOf('o') >= 0) {
                outputDecision = acms.size() - 1;
            }
        }
        for (int i = 0; i < acms.size(); i++) {
            if (places.get(i) != null) {
                inputs.add(input(owner, places.get(i), learners, i));
            }
        }
        // A projection that nobody decides about is one learner, which all tokens have.
        int[] undecided = Arrays.stream(learnerOfUnit())
                .map(learner -> learner < 0 ? 0 : -1)
                .toArray();
        if (Arrays.stream(undecided).anyMatch(learner -> learner >= 0)) {
            inputs.add(input(owner, undecided, 1, -1));
        }
        int[] ofContext = outputDecision < 0 ? new int[hidden / unit] : valueOutputUnits;
        result = new AttentionOutput(
                owner,
                dense.output(),
                output.parameter(),
                outputBiases,
                unit,
                ofContext,
                outputDecision < 0 ? 1 : learners,
                outputDecision,
                decider(outputDecision));
        layout = dense instanceof SelfAttention
                ? new AttentionLayout(starts(0), starts(1), starts(2), result.starts())
                : null;
        wholeLayout = layout == null
                ? null
                : new AttentionLayout(sideBySide(0), sideBySide(1), sideBySide(2), result.starts());
        contextUnits = layout == null ? inverse(result.starts()) : null;
        var factors = new RunningLearners(owner, learners);
        masked = new MaskedAttention(
                factors,
                dense,
                new Linear(qkv, qkvBias),
                rest,
                output,
                outputBiases,
                MaskedAttention.decided(factors, places, learners),
                outputDecision < 0 ? null : this.valueOutputUnits,
                outputDecision);
    }

    private AttentionInput input(Parameters owner, int[] learnerOfUnit, int count, int decision) {
        return new AttentionInput(
                owner,
                dense.qkv(),
                qkv.parameter(),
                qkvBias,
                rest.parameter(),
                unit,
                learnerOfUnit,
                count,
                decision,
                decider(decision));
    }

    /** The module of a decision; null if nobody decides. */
    private Acm decider(int decision) {
        return decision < 0 ? null : acms.get(decision);
    }

    private int[] starts(int projection) {
        return inputs.stream()
                .filter(part -> part.has(projection))
                .findFirst()
                .orElseThrow()
                .starts(projection);
    }

    /** First columns of the units of one of Q, K and V (0, 1, 2) where the dense block has them. */
    private int[] sideBySide(int projection) {
        return IntStream.range(0, hidden / unit)
                .map(u -> projection * hidden + u * unit)
                .toArray();
    }

    /** Where units begin, of the places that begin at these: {@code inverse[starts[u] / unit] = u * unit}. */
    private int[] inverse(int[] starts) {
        var inverse = new int[starts.length];
        for (int u = 0; u < starts.length; u++) {
            inverse[starts[u] / unit] = u * unit;
        }
        return inverse;
    }

    /** Columns of a unit of what would be made of that attention; divides the width of a head. */
    public static int unit(ProjectedAttention dense) {
        return dense instanceof SelfAttention ? LAID_OUT_UNIT : GATHERED_UNIT;
    }

    /** How many units each learner has: as many as every other. */
    public static int unitsOfLearner(String path, ProjectedAttention dense, int learners) {
        int hidden = dense.output().weight().inputs();
        int unit = unit(dense);
        if (hidden / dense.heads() % unit != 0 || dense.rotated() % unit != 0) {
            throw new IllegalArgumentException(path + ": heads of " + hidden / dense.heads() + " columns, "
                    + dense.rotated() + " of them with rotary positions, cannot be cut into units of " + unit
                    + ", so attention must stay dense: make only mlp adaptive");
        }
        if (learners < 1 || hidden / unit % learners != 0) {
            throw new IllegalArgumentException(path + ": " + hidden / unit + " units of " + unit
                    + " columns cannot be cut into " + learners
                    + " learners of equal width: choose a divisor, or make only mlp adaptive");
        }
        return hidden / unit / learners;
    }

    private void checkUnits(String what, int[] units) {
        int each = unitsOfLearner(path, dense, learners);
        var counts = new int[learners];
        for (int learner : units) {
            if (learner < 0 || learner >= learners) {
                throw new IllegalArgumentException(
                        path + ": a unit of " + what + " belongs to learner " + learner + " of " + learners);
            }
            counts[learner]++;
        }
        if (units.length != hidden / unit || Arrays.stream(counts).anyMatch(count -> count != each)) {
            throw new IllegalArgumentException(path + ": the units of " + what + " are " + units.length + " with "
                    + Arrays.toString(counts) + " for the learners, must be " + hidden / unit + " with " + each
                    + " for each");
        }
    }

    private int[] places(String letters) {
        int units = hidden / unit;
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

    /**
     * Far. Where a gate once prefers none for every token, its learners get no gradient any more and never come back: in 2.4 million tokens the attention
     * of a whole layer was lost so, at budgets up to a half.
     */
    @Override
    public double noneBehind() {
        return 30;
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

    /** Columns of a unit. */
    public int unit() {
        return unit;
    }

    /** Of tokens with all learners. */
    public ProjectedAttention dense() {
        return dense;
    }

    /** What a token has of Q, K and V instead of a learner, {@code [1, 3 * hidden]}: 0 but for Q, if positions are not rotary. Not trained. */
    public Parameter rest() {
        return rest.parameter();
    }

    /** Weight {@code [hidden, 3 * hidden]} of Q, K and V, its bias, weight {@code [hidden, hidden]} of O, c {@code [learners, hidden]}. */
    @Override
    public List<Parameter> learnerParameters() {
        return List.of(qkv.parameter(), qkvBias, output.parameter(), outputBiases.parameter());
    }

    @Override
    public List<Parameter> denseParameters() {
        return Arrays.asList(
                        dense.qkv().weight().parameter(),
                        dense.qkv().bias(),
                        dense.output().weight().parameter(),
                        dense.output().bias())
                .stream()
                .filter(Objects::nonNull)
                .toList();
    }

    @Override
    public Map<Parameter, Tensor> denseSlices(Arena arena) {
        Tensor allInputs = dense.qkv().weight().parameter().value();
        Tensor allOutputs = dense.output().weight().parameter().value();
        Tensor inputs = owner.backend().allocate(arena, hidden, 3 * hidden);
        Tensor outputs = owner.backend().allocate(arena, hidden, hidden);
        int[] learners = learnerOfUnit();
        for (int row = 0; row < hidden; row++) {
            boolean kept = outputDecision >= 0 && valueOutputUnits[row / unit] < this.learners - 1;
            for (int column = 0; column < 3 * hidden; column++) {
                int learner = learners[column / unit];
                inputs.set(row, column, learner >= 0 && learner < this.learners - 1 ? allInputs.get(row, column) : 0);
                if (column < hidden) {
                    outputs.set(row, column, kept ? allOutputs.get(row, column) : 0);
                }
            }
        }
        return Map.of(qkv.parameter(), inputs, output.parameter(), outputs);
    }

    /** For each unit of Q, K and V its learner, -1 if no module decides about it. */
    private int[] learnerOfUnit() {
        var all = new int[3 * hidden / unit];
        Arrays.fill(all, -1);
        for (int[] decided : places) {
            for (int u = 0; decided != null && u < all.length; u++) {
                all[u] = Math.max(all[u], decided[u]);
            }
        }
        return all;
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
        dense.qkv().weight().prepare(stream);
        result.prepare(stream);
        for (int i = 0; i < acms.size(); i++) {
            acms.get(i).prepare();
        }
    }

    @Override
    public Tensor infer(Pass pass, Tensor x, Tensor residual) {
        Tensor y = pass.tensor(x.rows(), hidden);
        pass.push();
        boolean whole = true;
        for (int i = 0; i < acms.size(); i++) {
            TokenGroups groups = TokenGroups.of(pass, i);
            acms.get(i).choose(pass, x, groups);
            whole &= groups.whole(learners) == x.rows();
        }
        Tensor context = pass.tensor(x.rows(), hidden);
        pass.push();
        if (layout == null) {
            attendGathered(pass, whole ? dense.qkv().forward(pass, x) : gathered(pass, x), context);
        } else if (whole) {
            Tensor qkv = dense.qkv().forward(pass, x);
            attend(pass, qkv, qkv, qkv, wholeLayout, context);
        } else {
            attend(pass, x, context);
        }
        pass.pop();
        result.run(pass, context, residual, y);
        pass.pop();
        return y;
    }

    private void attend(Pass pass, Tensor x, Tensor context) {
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
        attend(pass, query, key, value, layout, context);
    }

    private void attend(Pass pass, Tensor query, Tensor key, Tensor value, AttentionLayout columns, Tensor context) {
        TokenBatch batch = pass.batch();
        pass.stream().attention(query, key, value, columns, batch.offsets(), batch.sequences(), heads, context);
    }

    /** Q, K and V as the dense block's product gives them, {@code [tokens, 3 * hidden]}. */
    private Tensor gathered(Pass pass, Tensor x) {
        Tensor projected = pass.tensor(x.rows(), 3 * hidden);
        for (int i = 0; i < inputs.size(); i++) {
            AttentionInput input = inputs.get(i);
            pass.stream().gatherUnits(input.run(pass, x), input.starts(), unit, projected);
        }
        return projected;
    }

    /** The dense block's attention, for which heads have been put together and are then taken apart. */
    private void attendGathered(Pass pass, Tensor projected, Tensor context) {
        pass.stream().gatherUnits(dense.attend(pass, projected), contextUnits, unit, context);
    }

    @Override
    public Tensor outputs(Pass pass, Tensor x, List<Tensor> running) {
        return masked.outputs(pass, x, running);
    }
}
