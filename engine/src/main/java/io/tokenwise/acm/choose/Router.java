package io.tokenwise.acm.choose;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Routing;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
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

    /** Fills the routing, which is sorted afterwards. */
    void route(Pass pass, Tensor x, Routing routing) {
        routing.begin(x.rows(), acm.learners());
        if (acm.isFixed()) {
            refuseHardBudgets(pass);
            routing.give(0, x.rows(), acm.fixedCount());
            routing.sort();
            return;
        }
        boolean isBound = grant(pass);
        boolean asked = giveOrAsk(pass, routing);
        if (asked) {
            if (isBound) {
                routing.bind(BatchBudgets.of(pass), acm.gateFlops(), acm.learnerFlops());
            }
            gate.decide(pass, x, routing);
            deal(pass, routing);
        }
        routing.sort();
    }

    /** Texts that follow each other and share a budget and, where the gate is asked, a length, about, go together. Returns whether it is for any. */
    private boolean giveOrAsk(Pass pass, Routing routing) {
        int texts = pass.batch().sequences();
        GateOffsets offsets = GateOffsets.begin(pass);
        boolean asked = false;
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
                double told = calibration.toTell(budget.share(), pass.batch().length(from));
                routing.ask(row, rows, gate.offsets(told, offsets.next(acm.choices() - 1)));
                asked |= rows > 0;
            } else {
                routing.give(row, rows, unasked(pass, budget));
            }
        }
        return asked;
    }

    private int unasked(Pass pass, Budget budget) {
        return switch (budget.routing()) {
            case RANDOM -> drawnCount(pass, budget);
            case HARD -> budget.share() < 1 ? 0 : acm.learners();
            case LEARNED, STATIC -> fixedCount(budget.share());
        };
    }

    /** A control whose budget is random gets what gates chose, dealt to its tokens at random: by the host, which sees it and changes it. */
    private void deal(Pass pass, Routing routing) {
        int[] offsets = pass.batch().offsets();
        boolean isChanged = false;
        for (int text = 0; text < pass.batch().sequences(); text++) {
            Budget budget = pass.budget(text);
            if (budget.routing() == Budget.Routing.RANDOM && asksGate(pass, text)) {
                int from = text;
                // Texts that were asked together are dealt together.
                text = lastAskedWith(pass, from);
                int rows = offsets[text + 1] - offsets[from];
                shuffle(routing.counts(), offsets[from], rows, random(budget.seed() + index));
                isChanged = true;
            }
        }
        if (isChanged) {
            routing.changed();
        }
    }

    private int lastAskedWith(Pass pass, int text) {
        int step = LengthCalibration.step(pass.batch().length(text));
        int last = text;
        while (last + 1 < pass.batch().sequences()
                && pass.budget(last + 1).equals(pass.budget(text))
                && LengthCalibration.step(pass.batch().length(last + 1)) == step) {
            last++;
        }
        return last;
    }

    /** A control spends what it spends. */
    private static void refuseHardBudgets(Pass pass) {
        for (int text = 0; text < pass.batch().sequences(); text++) {
            Budget budget = pass.budget(text);
            if (isBound(budget)) {
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
            case HARD -> isBound(budget) && canPay(pass, text);
        };
    }

    /** Whether it is hard, and less than all. */
    private static boolean isBound(Budget budget) {
        return budget.routing() == Budget.Routing.HARD && budget.share() < 1;
    }

    /** Gives texts under hard budgets what they may spend on this module, besides what earlier ones have left. Returns whether there are any. */
    private boolean grant(Pass pass) {
        boolean isAny = false;
        for (int text = 0; text < pass.batch().sequences(); text++) {
            Budget budget = pass.budget(text);
            if (isBound(budget)) {
                int tokens = pass.batch().length(text);
                BatchBudgets.of(pass).grant(text, flopsPerToken(budget.share(), tokens) * tokens);
                isAny = true;
            }
        }
        return isAny;
    }

    /** What a hard budget of a text of so many tokens grants this module for each of them; in whole FLOPs, so that nothing is rounded up. */
    long flopsPerToken(double share, int tokens) {
        return (long) (hardShare.of(share, calibration.toTell(share, tokens)) * acm.denseFlops());
    }

    /** Whether a text under a hard budget may have left what the gate and a learner cost. */
    private boolean canPay(Pass pass, int text) {
        long gateFlops = acm.gateFlops() * pass.batch().length(text);
        return BatchBudgets.of(pass).atMost(text) >= gateFlops + acm.learnerFlops();
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
