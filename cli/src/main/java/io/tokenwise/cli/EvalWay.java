package io.tokenwise.cli;

import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.api.Budget;
import io.tokenwise.cli.Row.Mode;
import java.util.ArrayList;
import java.util.List;

/**
 * A way to run a model that {@code eval} has a row for; the seed is that of {@link Mode#RANDOM}.
 *
 * @param budget asked for
 */
record EvalWay(Mode mode, double budget, Budget.Unit unit, long seed) {
    static EvalWay dense(long seed) {
        return new EvalWay(Mode.DENSE, 1, Budget.Unit.FLOPS, seed);
    }

    /**
     * All of a model, besides the dense one that it was made of: of an adaptive one, each budget as its gates decide, the same under a hard budget, and
     * two controls on the same weights: every token getting the same at equal FLOPs, and the gates' numbers dealt to random tokens. A control that
     * was trained as such has one way, whatever the budget; a dense model has none.
     *
     * @param modules of the model
     */
    static List<EvalWay> of(List<? extends AdaptiveModule> modules, EvalOptions options, long seed) {
        if (modules.isEmpty()) {
            return List.of();
        }
        if (modules.stream().allMatch(AdaptiveModule::isFixed)) {
            return List.of(new EvalWay(Mode.RETRAINED, 1, Budget.Unit.FLOPS, seed));
        }
        boolean tokensLeave = modules.getFirst() instanceof StayGate;
        Budget.Unit unit = options.unit(tokensLeave);
        var ways = new ArrayList<EvalWay>();
        for (double budget : options.budgets(tokensLeave)) {
            ways.add(new EvalWay(Mode.LEARNED, budget, unit, seed));
            // At full budget all learners run, whoever decides.
            if (budget < 1) {
                // Where tokens leave, a budget is kept for each input, soft or hard.
                if (!tokensLeave) {
                    ways.add(new EvalWay(Mode.HARD, budget, unit, seed));
                }
                ways.add(new EvalWay(Mode.STATIC, budget, unit, seed));
                for (int i = 0; i < options.seeds(); i++) {
                    ways.add(new EvalWay(Mode.RANDOM, budget, unit, seed + i));
                }
            }
        }
        return ways;
    }

    /** What is requested. */
    Budget how() {
        return mode.budget(budget, unit, seed);
    }
}
