package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.GateTraining;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.nn.Block;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A block whose work for each token is cut into learners, some of which may be left out. It has two forms: {@link #infer} runs only the learners that
 * a token has, {@link #train} computes all and scales those that the gates leave out by 0, as a gate's gradient needs what they would give.
 */
public sealed interface AdaptiveBlock extends Block permits AdaptiveMlp, AdaptiveAttention {
    /** Who decides, in the order in which they are asked. */
    List<Acm> acms();

    /** By how much the logit of no learner starts behind those of other counts in an untrained gate. */
    double noneBehind();

    /** All parameters but those of the gates and of the dense block. */
    List<Parameter> learnerParameters();

    /** The dense block's own parameters. */
    List<Parameter> denseParameters();

    /**
     * What distillation trains besides gates: the learners; and of a control whose tokens all have all learners, and so the dense block
     * always, that block. In an adaptive model the dense block stays the teacher's.
     */
    default List<Parameter> trainedParameters() {
        boolean alwaysWhole = acms().stream().allMatch(acm -> acm.isFixed() && acm.fixedCount() == acm.learners());
        return alwaysWhole
                ? Stream.concat(learnerParameters().stream(), denseParameters().stream())
                        .toList()
                : learnerParameters();
    }

    /** For each of the learners' matrices the dense block's weights in the same places, which it starts as, in memory of the arena. */
    Map<Parameter, Tensor> denseSlices(Arena arena);

    @Override
    default Tensor forward(Pass pass, Tensor x, Tensor residual) {
        return pass.tape() == null ? infer(pass, x, residual) : train(pass, x, residual);
    }

    /** {@link #forward} without a tape, by what {@link #prepare} has made. The modules choose by the pass's budgets. */
    Tensor infer(Pass pass, Tensor x, Tensor residual);

    /** {@link #forward} with a tape. The modules choose as the pass's {@link GateTraining} says. */
    default Tensor train(Pass pass, Tensor x, Tensor residual) {
        List<Tensor> running = acms().stream().map(acm -> acm.train(pass, x)).toList();
        return Sums.of(pass, outputs(pass, x, running), residual);
    }

    /**
     * In training: the block's output, without residual.
     *
     * @param running one for each of {@link #acms}: {@code [tokens, learners]}, 1 where a learner runs and 0 where not
     */
    Tensor outputs(Pass pass, Tensor x, List<Tensor> running);

    @Override
    default double flopsPerToken(double share) {
        return share * acms().stream().mapToLong(Acm::denseFlops).sum();
    }
}
