package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.ProjectedAttention;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Self-attention whose projections Q, K, V and O are cut into learners. The columns of Q and K, and those of V and of O's input, are cut
 * into {@link AttentionUnits}, and each unit belongs to a learner. A token with k learners has the columns of the units
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
    private final String path;
    private final AttentionLearners learned;
    private final List<Acm> acms = new ArrayList<>();
    private final GroupedAttention grouped;
    private final MaskedAttention masked;

    /**
     * Zero parameters named {@code path.acm.*} beside those of the dense block.
     *
     * @param dense with rotated heads
     * @param layers has the gates and the number of learners
     * @param queryKeyUnits the learner of each unit of Q and K, head by head
     * @param valueOutputUnits the same for V and O, by heads of V
     */
    public AdaptiveAttention(
            Parameters owner,
            String path,
            ProjectedAttention dense,
            AdaptiveLayers layers,
            int[] queryKeyUnits,
            int[] valueOutputUnits) {
        this.path = path;
        var units = new AttentionUnits(path, dense, layers, queryKeyUnits, valueOutputUnits);
        learned = AttentionLearners.add(owner, path, dense, units);
        int learners = layers.learners();
        int hidden = units.hidden();
        for (String letters : layers.attentionGates()) {
            long flops = letters.chars()
                            .mapToLong(letter -> units.flops((char) letter))
                            .sum()
                    / learners;
            acms.add(new Acm(owner, path + "." + letters, learners, learners - 1, hidden, flops));
        }
        grouped = new GroupedAttention(learned, acms);
        masked = MaskedAttention.of(learned);
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

    /** How it is cut. */
    public AttentionUnits units() {
        return learned.units();
    }

    /** Whether keys and values have {@link #rest}s. */
    public boolean keepsRests() {
        return learned.keepsRests();
    }

    /** Of tokens with all learners. */
    public ProjectedAttention dense() {
        return learned.dense();
    }

    /** What a token has of Q, K and V instead of a learner, a row like theirs: 0 but for Q, unless {@link #keepsRests}. Not trained. */
    public Parameter rest() {
        return learned.rest().parameter();
    }

    /** Weight of Q, K and V, its bias, weight of O, c {@code [learners, hidden]}. */
    @Override
    public List<Parameter> learnerParameters() {
        return learned.parameters();
    }

    @Override
    public List<Parameter> denseParameters() {
        ProjectedAttention dense = learned.dense();
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
        return learned.denseSlices(arena);
    }

    @Override
    public double flopsPerToken(double share) {
        AttentionUnits units = learned.units();
        return AdaptiveBlock.super.flopsPerToken(share) + units.undecidedFlops();
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
}
