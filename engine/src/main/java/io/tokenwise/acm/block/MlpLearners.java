package io.tokenwise.acm.block;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Mlp;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

/**
 * The learners' own weights of {@link AdaptiveMlp}, learner by learner.
 *
 * @param trained how many learners have weights
 * @param width hidden units of a learner
 * @param up W1 {@code [hidden, trained * upWidth]} and b1
 * @param down W2 {@code [trained * width, hidden]}
 * @param biases c {@code [trained + 1, hidden]}: what every token has that lacks a learner, then what learners add
 */
record MlpLearners(Parameters owner, Mlp dense, int trained, int width, Linear up, Weight down, Weight biases) {
    /** Zero parameters named {@code path.acm.*}. */
    static MlpLearners add(Parameters owner, String path, Mlp dense, int learners, int trained) {
        int hidden = dense.up().weight().inputs();
        int width = width(path, dense.units(), learners);
        int upColumns = trained * upWidth(dense, width);
        String name = path + ".acm.";
        return new MlpLearners(
                owner,
                dense,
                trained,
                width,
                new Linear(
                        new Weight(owner, owner.add(name + "w1", hidden, upColumns)),
                        owner.add(name + "b1", 1, upColumns)),
                new Weight(owner, owner.add(name + "w2", trained * width, hidden)),
                new Weight(owner, owner.add(name + "c", trained + 1, hidden)));
    }

    private static int width(String path, int units, int learners) {
        if (learners < 1 || units % learners != 0) {
            throw new IllegalArgumentException(path + ": " + units + " hidden units cannot be cut into " + learners
                    + " learners of equal width; choose a divisor");
        }
        return units / learners;
    }

    private static int upWidth(Mlp dense, int width) {
        return dense.isGated() ? 2 * width : width;
    }

    /** Columns of a learner's W1: its units', or, if the MLP is gated, those of its u, then those of its g. */
    int upWidth() {
        return upWidth(dense, width);
    }

    int hidden() {
        return down.outputs();
    }

    /** What learner n adds, or for 0 what every token has that lacks a learner. */
    Tensor c(int learner) {
        return biases.parameter().value().part((long) learner * hidden(), hidden());
    }

    /** All of them are trained. */
    List<Parameter> parameters() {
        return List.of(up.weight().parameter(), up.bias(), down.parameter(), biases.parameter());
    }

    /** See {@link AdaptiveBlock#denseSlices}. */
    Map<Parameter, Tensor> denseSlices(Arena arena) {
        Tensor ups = owner.backend().allocate(arena, hidden(), trained * upWidth());
        Tensor downs = owner.backend().allocate(arena, trained * width, hidden());
        try (HostTensor allUps = dense.up().weight().parameter().read();
                HostTensor learnedUps = owner.backend().write(ups);
                HostTensor allDowns = dense.down().weight().parameter().read();
                HostTensor learnedDowns = owner.backend().write(downs)) {
            for (int row = 0; row < hidden(); row++) {
                for (int column = 0; column < ups.columns(); column++) {
                    learnedUps.set(row, column, allUps.get(row, denseColumn(column)));
                }
                for (int unit = 0; unit < downs.rows(); unit++) {
                    learnedDowns.set(unit, row, allDowns.get(unit, row));
                }
            }
        }
        return Map.of(up.weight().parameter(), ups, down.parameter(), downs);
    }

    /** Of a column of W1 the dense block's: learner by learner, and in a gated MLP's learner first u, then g. */
    int denseColumn(int column) {
        int learner = column / upWidth();
        int within = column % upWidth();
        return learner * width + within % width + within / width * dense.units();
    }
}
