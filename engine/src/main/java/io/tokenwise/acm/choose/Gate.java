package io.tokenwise.acm.choose;

import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Routing;
import io.tokenwise.kernels.RowOps;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.op.Choices;
import io.tokenwise.op.Linears;
import io.tokenwise.op.Sums;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Chooses a learner count of those that its module has for each token: {@code argmax(x W + features(budget) T)}.
 *
 * <p>The paper's gate is a product of two matrices of rank 16 without a nonlinearity; with few counts one matrix can express the
 * same and costs less. The budget enters through {@link #KNOTS} piecewise-linear features, so one gate serves every budget.
 * In inference only how much better each count is than none matters, so there is a product less than there are counts.
 *
 * <p>{@link #decide} is thread-safe for different passes once {@link #prepare} has run and while nobody trains.
 */
final class Gate {
    static final int KNOTS = 9;

    /**
     * Height of a feature. A step of AdamW moves every entry alike; hidden states have hundreds of columns, the features one or two, so
     * these are larger to let the budget move the logits as fast as the token does.
     */
    private static final double FEATURE_SCALE = 8;

    /**
     * How fast an untrained gate's logits fall with the square of the distance of a count's share and the budget. Where learners are many and
     * distances were counted in learners, counts far from the budget were too far behind to be tried (docs/lab/tried.md).
     */
    private static final double START_SHARPNESS = 16;

    private final Parameters owner;
    private final Acm acm;

    /** Weight {@code [hidden, choices]}, no bias. */
    private final Linear logits;

    /** {@code [KNOTS, choices]}: what is added to the logits at each of the knots 0, 1/(KNOTS-1), .. 1. */
    private final Weight budgetTable;

    /**
     * For inference the transposed weight of each choice but the first, less that of the first, padded with zeros: of so few outputs no packed form pays.
     */
    private final Tensor rows;

    private int rowsVersion = -1;

    /** For inference the budget table of each choice but the first, less that of the first, knot after knot: on the host, where the offsets are summed up. */
    private final float[] gains;

    private int gainsVersion = -1;

    Gate(Parameters owner, String path, int hidden, Acm acm) {
        this.owner = owner;
        this.acm = acm;
        logits = new Linear(new Weight(owner, owner.add(path + "gate.weight", hidden, acm.choices())), null);
        budgetTable = new Weight(owner, owner.add(path + "gate.budget", KNOTS, acm.choices()));
        int group = RowOps.DOTS_GROUP;
        rows = owner.constant((acm.choices() - 1 + group - 1) / group * group, hidden);
        gains = new float[(acm.choices() - 1) * KNOTS];
    }

    /** Weight of the knot in the linear interpolation at the budget, times a constant. */
    static double feature(int knot, double budget) {
        return FEATURE_SCALE * Math.max(0, 1 - Math.abs(budget * (KNOTS - 1) - knot));
    }

    /**
     * Starts as a gate that gives every token the count nearest to the budget.
     *
     * @param none by how much the logit of no learner starts behind
     */
    void start(double none) {
        try (HostTensor table = budgetTable.parameter().write()) {
            for (int knot = 0; knot < KNOTS; knot++) {
                for (int choice = 0; choice < acm.choices(); choice++) {
                    double distance = (double) acm.count(choice) / acm.learners() - (double) knot / (KNOTS - 1);
                    double logit = -START_SHARPNESS * distance * distance - (choice == 0 ? none : 0);
                    table.set(knot, choice, (float) (logit / FEATURE_SCALE));
                }
            }
        }
        budgetTable.parameter().changed();
    }

    void prepare() {
        prepareRows();
        prepareGains();
    }

    private void prepareRows() {
        Parameter parameter = logits.weight().parameter();
        if (rowsVersion == parameter.version()) {
            return;
        }
        try (HostTensor weight = parameter.read();
                HostTensor differences = owner.backend().write(rows)) {
            for (int choice = 1; choice < acm.choices(); choice++) {
                for (int column = 0; column < rows.columns(); column++) {
                    differences.set(choice - 1, column, weight.get(column, choice) - weight.get(column, 0));
                }
            }
        }
        rowsVersion = parameter.version();
    }

    private void prepareGains() {
        Parameter parameter = budgetTable.parameter();
        if (gainsVersion == parameter.version()) {
            return;
        }
        try (HostTensor table = parameter.read()) {
            for (int choice = 1; choice < acm.choices(); choice++) {
                for (int knot = 0; knot < KNOTS; knot++) {
                    gains[(choice - 1) * KNOTS + knot] = table.get(knot, choice) - table.get(knot, 0);
                }
            }
        }
        gainsVersion = parameter.version();
    }

    private boolean isPrepared() {
        return rowsVersion == logits.weight().parameter().version()
                && gainsVersion == budgetTable.parameter().version();
    }

    List<Parameter> parameters() {
        return List.of(logits.weight().parameter(), budgetTable.parameter());
    }

    /** What a budget adds to how much better each choice is than no learner: the first {@code choices - 1} values of the array, which is returned. */
    float[] offsets(double budget, float[] target) {
        assert isPrepared() : "the gate was changed and not prepared again";
        for (int column = 0; column < acm.choices() - 1; column++) {
            double sum = 0;
            for (int knot = 0; knot < KNOTS; knot++) {
                sum += feature(knot, budget) * gains[column * KNOTS + knot];
            }
            target[column] = (float) sum;
        }
        return target;
    }

    /** Chooses for the rows of x that the routing asks for. */
    void decide(Pass pass, Tensor x, Routing routing) {
        routing.decide(x, rows, acm.countsFromOne(), pass.workspace(), null);
    }

    /** In training: logits {@code [tokens, choices]} with each token's own budget features {@code [tokens, KNOTS]}. */
    Tensor trainingLogits(Pass pass, Tensor x, Tensor budgetFeatures) {
        Tensor offsets = Linears.of(pass, budgetFeatures, budgetTable, null, false, null);
        return Sums.of(pass, logits.forward(pass, x), offsets);
    }

    /** In training: the straight-through choice {@code [tokens, choices - 1]}, 1 where a choice or a larger one is made. */
    Tensor train(Pass pass, Tensor x, GateTraining training) {
        Tensor y = trainingLogits(pass, x, training.budgetFeatures());
        Tensor noise = pass.tensor(y.rows(), y.columns());
        try (HostTensor values = pass.stream().write(noise)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, gumbel(training.noise()));
            }
        }
        return Choices.of(pass, y, noise, training.temperature());
    }

    private static float gumbel(RandomGenerator random) {
        return (float) -Math.log(-Math.log(random.nextDouble(Double.MIN_NORMAL, 1)));
    }
}
