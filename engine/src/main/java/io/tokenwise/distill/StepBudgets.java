package io.tokenwise.distill;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.backend.Stream;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * The budgets of one training step: the texts of the batch take turns in belonging to a few groups, and each group has its own budget,
 * drawn at random.
 *
 * @param budgets one a group
 * @param groups the group of each token
 * @param sizes tokens of each group
 */
record StepBudgets(double[] budgets, int[] groups, int[] sizes) {

    static StepBudgets draw(TokenBatch batch, DistillConfig config, RandomGenerator random) {
        int count = Math.min(config.budgetsPerStep(), batch.sequences());
        var budgets = new double[count];
        for (int i = 0; i < count; i++) {
            // One stratum a group, so that every step sees low and high budgets.
            double position = (i + random.nextDouble()) / count;
            budgets[i] = config.lowestBudget() + (1 - config.lowestBudget()) * position;
        }
        return of(budgets, batch);
    }

    /** The same budgets for other tokens of the same inputs, such as those of recordings' texts. */
    StepBudgets over(TokenBatch other) {
        return of(budgets, other);
    }

    private static StepBudgets of(double[] budgets, TokenBatch batch) {
        int count = budgets.length;
        var groups = new int[batch.tokens()];
        var sizes = new int[count];
        for (int sequence = 0; sequence < batch.sequences(); sequence++) {
            int group = sequence % count;
            for (int token = batch.offsets()[sequence]; token < batch.offsets()[sequence + 1]; token++) {
                groups[token] = group;
                sizes[group]++;
            }
        }
        return new StepBudgets(budgets, groups, sizes);
    }

    /** The budgets as gates read them: {@code [tokens, knots]}. */
    Tensor features(Pass pass) {
        Tensor features = pass.tensor(groups.length, Acm.BUDGET_KNOTS);
        try (HostTensor values = pass.stream().write(features)) {
            for (int token = 0; token < groups.length; token++) {
                for (int knot = 0; knot < Acm.BUDGET_KNOTS; knot++) {
                    values.set(token, knot, (float) Acm.budgetFeature(knot, budgets[groups[token]]));
                }
            }
        }
        return features;
    }

    /**
     * The paper's budget loss, for each group and with the gates' own cost: mean over groups of {@code |spent - budget| / budget}, where
     * spent is the share of the modules' dense FLOPs. Differing from the paper it is relative: the lower the budget, the more the task gains by
     * what is spent beyond it, and by a loss that weighs all budgets alike low ones were not kept. Its gradient for each module's {@code running}
     * tensor, times {@code weight}, is written to the tensor of the same place in {@code gradients}.
     */
    double loss(Stream stream, List<Acm> modules, List<Tensor> running, double weight, List<Tensor> gradients) {
        double dense = modules.stream().mapToLong(Acm::denseFlops).sum();
        double gates = modules.stream().mapToLong(Acm::gateFlops).sum();
        var spent = new double[budgets.length];
        for (int m = 0; m < modules.size(); m++) {
            try (HostTensor used = stream.read(running.get(m))) {
                for (int token = 0; token < used.rows(); token++) {
                    for (int n = 0; n < used.columns(); n++) {
                        spent[groups[token]] +=
                                used.get(token, n) * modules.get(m).flops(n);
                    }
                }
            }
        }
        double loss = 0;
        var slope = new double[budgets.length];
        for (int group = 0; group < budgets.length; group++) {
            double share = (spent[group] / sizes[group] + gates) / dense;
            double excess = share / budgets[group] - 1;
            loss += Math.abs(excess) / budgets.length;
            slope[group] = weight * Math.signum(excess) / (budgets[group] * budgets.length * dense * sizes[group]);
        }
        for (int m = 0; m < modules.size(); m++) {
            try (HostTensor gradient = stream.write(gradients.get(m))) {
                for (int token = 0; token < gradient.rows(); token++) {
                    for (int n = 0; n < gradient.columns(); n++) {
                        gradient.set(token, n, (float)
                                (slope[groups[token]] * modules.get(m).flops(n)));
                    }
                }
            }
        }
        return loss;
    }
}
