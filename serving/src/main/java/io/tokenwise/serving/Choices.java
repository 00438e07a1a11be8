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
    /** What the dense model's time for an input of so many tokens costs, in quality, at all steps but the first and the last. */
    private static final double[] PRICES = prices();

    private static final int PRICED_TOKENS = 64;

    /** Of minilm-acm the first price changes the budget of inputs of 500 tokens and more, and the last that of all. */
    private static double[] prices() {
        double least = 0.02;
        double most = 5;
        var prices = new double[Dial.STEPS - 1];
        for (int i = 0; i < prices.length; i++) {
            prices[i] = least * Math.pow(most / least, (double) i / (prices.length - 1));
        }
        return prices;
    }

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

    /** What the control leaves of a request's range. */
    static Choices of(MeasuredModel<?> model, Control control, Request request) {
        int[] input = request.input();
        BudgetRange range = request.budget();
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
        double unit = model.costs().denseMicros(PRICED_TOKENS);
        double[] losses = losses(model, input, candidates);
        var byStep = new ArrayList<Choice>();
        byStep.add(candidates.getFirst());
        int best = 0;
        for (double price : PRICES) {
            // A higher price never buys more time, so that those before need not be looked at again.
            for (int i = best + 1; i < losses.length; i++) {
                double saved = candidates.get(best).micros() - candidates.get(i).micros();
                if (losses[i] - losses[best] < price / unit * saved) {
                    best = i;
                }
            }
            byStep.add(candidates.get(best));
        }
        byStep.add(candidates.getLast());
        return new Choices(byStep);
    }

    private static double[] losses(MeasuredModel<?> model, int[] input, List<Choice> candidates) {
        int tokens = model.served().tokens(input);
        return candidates.stream()
                .mapToDouble(choice -> model.losses().of(tokens, choice.budget().share()))
                .toArray();
    }
}
