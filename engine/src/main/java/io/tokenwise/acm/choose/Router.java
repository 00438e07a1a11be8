package io.tokenwise.acm.choose;

import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Budget.Routing;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Decides how many of a module's learners each token gets, as its text's budget says. Thread-safe for different passes, while nobody calibrates or places it. */
final class Router {
    private final Acm acm;
    private final Gate gate;
    private LengthCalibration calibration = LengthCalibration.NONE;
    private BudgetSplit split = BudgetSplit.EVEN;
    private HardShare hardShare = HardShare.EVEN;
    private int index;

    Router(Acm acm, Gate gate) {
        this.acm = acm;
        this.gate = gate;
    }

    void calibrate(LengthCalibration newCalibration) {
        calibration = newCalibration;
    }

    LengthCalibration calibration() {
        return calibration;
    }

    /** @param together the modules that share a hard budget */
    void split(BudgetSplit newSplit, List<Acm> together) {
        hardShare = newSplit.of(acm, together);
        split = newSplit;
    }

    BudgetSplit split() {
        return split;
    }

    void place(int newIndex) {
        index = newIndex;
    }

    /** Writes the learner count of each row of x to {@code choice}; returns for how many of them the gate was asked. */
    int route(Pass pass, Tensor x, int[] choice) {
        int texts = pass.batch().sequences();
        if (acm.isFixed()) {
            refuseHardBudgets(pass);
            Arrays.fill(choice, 0, x.rows(), acm.fixedCount());
            return 0;
        }
        grant(pass);
        int gated = 0;
        for (int from = 0, end; from < texts; from = end) {
            Budget budget = pass.budget(from);
            boolean asks = asksGate(pass, from);
            int step = LengthCalibration.step(pass.batch().length(from));
            end = from + 1;
            while (end < texts
                    && pass.budget(end).equals(budget)
                    && asksGate(pass, end) == asks
                    && (!asks || LengthCalibration.step(pass.batch().length(end)) == step)) {
                end++;
            }
            int row = pass.batch().offsets()[from];
            int rows = pass.batch().offsets()[end] - row;
            if (asks) {
                ask(pass, x, from, end, choice);
                gated += rows;
            } else {
                int count = switch (budget.routing()) {
                    case RANDOM -> drawnCount(pass, budget);
                    case HARD -> budget.share() < 1 ? 0 : acm.learners();
                    case LEARNED, STATIC -> fixedCount(budget.share());
                };
                Arrays.fill(choice, row, row + rows, count);
            }
            if (budget.routing() == Routing.HARD) {
                settle(pass, from, end, asks, choice);
            }
        }
        return gated;
    }

    /** A control spends what it spends. */
    private static void refuseHardBudgets(Pass pass) {
        for (int text = 0; text < pass.batch().sequences(); text++) {
            Budget budget = pass.budget(text);
            if (budget.routing() == Routing.HARD && budget.share() < 1) {
                throw new IllegalArgumentException("a hard budget of " + budget.share()
                        + ": the model is a control without gates, which spends the same whatever the budget");
            }
        }
    }

    private boolean asksGate(Pass pass, int text) {
        Budget budget = pass.budget(text);
        return switch (budget.routing()) {
            case LEARNED -> budget.share() < 1;
            case RANDOM -> budget.share() < 1 && pass.decoding() == null;
            case STATIC -> false;
            // Where nothing could be bought afterwards the gate costs for nothing.
            case HARD -> budget.share() < 1 && affordable(pass, text) > 0;
        };
    }

    /** Routes the texts {@code from} to {@code end} (exclusive), which share a budget and a length, about, by the gate. */
    private void ask(Pass pass, Tensor x, int from, int end, int[] choice) {
        Budget budget = pass.budget(from);
        int row = pass.batch().offsets()[from];
        int rows = pass.batch().offsets()[end] - row;
        pass.push();
        Tensor asking = pass.workspace().rows(x, row, rows);
        Tensor logits = gate.logits(
                pass, asking, calibration.toTell(budget.share(), pass.batch().length(from)));
        pass.stream().argmaxAfterZero(logits, row, choice);
        for (int token = row; token < row + rows; token++) {
            choice[token] = acm.count(choice[token]);
        }
        if (budget.routing() == Routing.HARD) {
            for (int text = from; text < end; text++) {
                cut(pass, logits, row, text, choice);
            }
        }
        if (budget.routing() == Routing.RANDOM) {
            shuffle(choice, row, rows, random(budget.seed() + index));
        }
        pass.pop();
    }

    /** Takes from a text's tokens what it cannot pay for. */
    private void cut(Pass pass, Tensor logits, int firstRow, int text, int[] choice) {
        int row = pass.batch().offsets()[text];
        int tokens = pass.batch().length(text);
        int count = affordable(pass, text);
        if (sum(choice, row, row + tokens) > count) {
            HardBudgets.of(pass).choose(logits, acm.countsFromOne(), row - firstRow, tokens, count, choice, row);
            for (int token = row; token < row + tokens; token++) {
                choice[token] = acm.countUpTo(choice[token]);
            }
        }
    }

    private static int sum(int[] choice, int from, int to) {
        int sum = 0;
        for (int row = from; row < to; row++) {
            sum += choice[row];
        }
        return sum;
    }

    /** Gives texts under hard budgets what they may spend on this module, besides what earlier ones have left. */
    private void grant(Pass pass) {
        for (int text = 0; text < pass.batch().sequences(); text++) {
            Budget budget = pass.budget(text);
            if (budget.routing() == Routing.HARD) {
                int tokens = pass.batch().length(text);
                HardBudgets.of(pass).grant(text, flopsPerToken(budget.share(), tokens) * tokens);
            }
        }
    }

    /** What a hard budget of a text of so many tokens grants this module for each of them; in whole FLOPs, so that nothing is rounded up. */
    long flopsPerToken(double share, int tokens) {
        return (long) (hardShare.of(share, calibration.toTell(share, tokens)) * acm.denseFlops());
    }

    /** Learners that a text under a hard budget can pay for besides the gate. */
    private int affordable(Pass pass, int text) {
        int tokens = pass.batch().length(text);
        long count = (HardBudgets.of(pass).left(text) - acm.gateFlops() * tokens) / acm.learnerFlops();
        return Math.clamp(count, 0, tokens * acm.learners());
    }

    private void settle(Pass pass, int from, int end, boolean gated, int[] choice) {
        HardBudgets budgets = HardBudgets.of(pass);
        int[] offsets = pass.batch().offsets();
        for (int text = from; text < end; text++) {
            long gateFlops = gated ? acm.gateFlops() * pass.batch().length(text) : 0;
            long spent = gateFlops + acm.learnerFlops() * sum(choice, offsets[text], offsets[text + 1]);
            budgets.spend(text, spent);
        }
    }

    /**
     * The same count for every token; modules take turns in spending what earlier ones could not, so that their mean is the share, or less where
     * counts have gaps.
     */
    private int fixedCount(double share) {
        double rounding = 1e-9;
        int given = 0;
        int count = 0;
        for (int module = 0; module <= index; module++) {
            count = acm.countUpTo((int) ((module + 1) * share * acm.learners() + rounding) - given);
            given += count;
        }
        return count;
    }

    /**
     * Of the token that a decoder is writing, which is alone in its batch, so that nothing could be dealt: all learners, or as many as are trained, at
     * random such that their mean is the share.
     */
    private int drawnCount(Pass pass, Budget budget) {
        if (budget.share() == 1) {
            return acm.learners();
        }
        double wanted = budget.share() * acm.learners();
        int few = Math.min(acm.trained(), (int) wanted);
        double whole = (wanted - few) / (acm.learners() - few);
        RandomGenerator random =
                random(1_000_003 * (budget.seed() + index) + pass.decoding().position());
        return random.nextDouble() < whole ? acm.learners() : few;
    }

    private static RandomGenerator random(long seed) {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    private static void shuffle(int[] values, int from, int count, RandomGenerator random) {
        for (int i = count - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = values[from + i];
            values[from + i] = values[from + j];
            values[from + j] = swapped;
        }
    }
}
