package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.util.ArrayList;
import java.util.List;

/**
 * What a request gets at each step of the dial: at step 0 its largest budget, at the last its least. A single one if there is nothing to choose. Immutable.
 *
 * @param byStep never growing in cost
 */
record Choices(List<Choice> byStep) {
    /**
     * What the dense model's time for an input of {@link #PRICED_TOKENS} costs, in quality, at the first and the last step of prices. Of minilm-acm the first changes the budget of
     * inputs of 500 tokens and more, and the last that of all.
     */
    private static final double LEAST_PRICE = 0.02;

    private static final double MOST_PRICE = 5;
    private static final int PRICED_TOKENS = 64;

    /**
     * @param spent what it costs, as shares
     * @param micros of one thread, beside what its batch takes, uncorrected
     */
    record Choice(Budget budget, Spent spent, double micros) {}

    Choices {
        byStep = List.copyOf(byStep);
    }

    Choice at(int step) {
        return byStep.get(Math.min(step, byStep.size() - 1));
    }

    Choice least() {
        return byStep.getLast();
    }

    /** What the control leaves of a range, for an input. */
    static Choices of(MeasuredModel<?> model, Control control, int[] input, BudgetRange range) {
        if (!model.served().isAdaptive() || range.isPinned()) {
            return new Choices(List.of(choice(model, input, range.most())));
        }
        boolean isSteered = control.mode() == Control.Mode.AUTO && (control.feedForward() || control.feedback());
        if (!isSteered) {
            double share = control.mode() == Control.Mode.FIXED ? control.share() : 1;
            return new Choices(List.of(choice(model, input, range.at(share))));
        }
        List<Choice> candidates = candidates(model, input, range, control.share());
        return model.losses().isKnown() ? priced(model, input, candidates) : even(candidates);
    }

    /** All budgets that it may have in sixteenths, from the largest on, never growing in cost. */
    private static List<Choice> candidates(MeasuredModel<?> model, int[] input, BudgetRange range, double leastShare) {
        var candidates = new ArrayList<Choice>();
        for (int share = Losses.SHARES; share >= 0; share--) {
            Budget budget = range.at(Math.max(leastShare, (double) share / Losses.SHARES));
            boolean isNew =
                    candidates.isEmpty() || !candidates.getLast().budget().equals(budget);
            Choice choice = isNew ? choice(model, input, budget) : candidates.getLast();
            boolean isCheaper = candidates.isEmpty()
                    || choice.micros() <= candidates.getLast().micros();
            candidates.add(isCheaper ? choice : candidates.getLast());
        }
        return candidates;
    }

    private static Choice choice(MeasuredModel<?> model, int[] input, Budget budget) {
        Spent spent = model.served().spent(input, budget);
        double share = Double.isNaN(spent.time()) ? model.share(budget.share()) : spent.time();
        double dense = model.costs().denseMicros(model.served().tokens(input));
        return new Choice(budget, spent, share * dense);
    }

    /** All requests have about the same budget. */
    private static Choices even(List<Choice> candidates) {
        var byStep = new ArrayList<Choice>();
        for (int step = 0; step <= Dial.STEPS; step++) {
            byStep.add(candidates.get(step * Losses.SHARES / Dial.STEPS));
        }
        return new Choices(byStep);
    }

    /** Time has a price, and each request the budget that is worth most less what its time costs: where much time is saved for little, there it is saved first. */
    private static Choices priced(MeasuredModel<?> model, int[] input, List<Choice> candidates) {
        int tokens = model.served().tokens(input);
        double unit = model.costs().denseMicros(PRICED_TOKENS);
        var byStep = new ArrayList<Choice>();
        byStep.add(candidates.getFirst());
        for (int step = 1; step < Dial.STEPS; step++) {
            double place = (double) (step - 1) / (Dial.STEPS - 2);
            double price = LEAST_PRICE * Math.pow(MOST_PRICE / LEAST_PRICE, place) / unit;
            Choice best = byStep.getLast();
            for (Choice candidate : candidates) {
                boolean isBetter = costs(model, tokens, candidate, price) < costs(model, tokens, best, price);
                best = isBetter && candidate.micros() <= byStep.getLast().micros() ? candidate : best;
            }
            byStep.add(best);
        }
        byStep.add(candidates.getLast());
        return new Choices(byStep);
    }

    private static double costs(MeasuredModel<?> model, int tokens, Choice choice, double price) {
        return model.losses().of(tokens, choice.budget().share()) + price * choice.micros();
    }
}
