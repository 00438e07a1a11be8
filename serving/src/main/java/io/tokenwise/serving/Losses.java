package io.tokenwise.serving;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What quality a model loses at a budget, by length: measured on typical inputs when it is put into a queue. Immutable.
 *
 * @param byLength ascending in tokens; none if nothing is known
 */
record Losses(List<OfLength> byLength) {
    /** Budgets are chosen in sixteenths. */
    static final int SHARES = 16;

    /** Nothing is known. */
    static final Losses NONE = new Losses(List.of());

    private static final int[] LENGTHS = {16, 32, 64, 128};

    /**
     * What inputs of so many tokens lose on average.
     *
     * @param losses at 0, 1/16 to 1 of the time, never growing
     */
    record OfLength(int tokens, List<Double> losses) {}

    static <R> Losses measure(Served<R> model) {
        if (!model.isAdaptive()) {
            return NONE;
        }
        var byLength = new ArrayList<OfLength>();
        for (int tokens : LENGTHS) {
            List<int[]> inputs = tokens <= model.maxTokens() ? model.typical(tokens) : List.of();
            if (!inputs.isEmpty()) {
                byLength.add(new OfLength(tokens, losses(model, inputs)));
            }
        }
        return new Losses(byLength);
    }

    static <R> List<Double> losses(Served<R> model, List<int[]> inputs) {
        List<R> full = run(model, inputs, SHARES);
        var losses = new ArrayList<Double>();
        double most = 0;
        for (int share = SHARES - 1; share >= 0; share--) {
            List<R> found = run(model, inputs, share);
            double sum = 0;
            for (int i = 0; i < found.size(); i++) {
                sum += model.loss(full.get(i), found.get(i));
            }
            most = Math.max(most, sum / found.size());
            losses.add(most);
        }
        Collections.reverse(losses);
        losses.add(0.0);
        return losses;
    }

    private static <R> List<R> run(Served<R> model, List<int[]> inputs, int share) {
        return model.run(inputs, Collections.nCopies(inputs.size(), model.budget((double) share / SHARES)));
    }

    boolean isKnown() {
        return !byLength.isEmpty();
    }

    /** What an input of so many tokens loses at a share; of lengths the nearest one counts, by their ratio. */
    double of(int tokens, double share) {
        int nearest = 0;
        while (nearest < byLength.size() - 1
                && (long) tokens * tokens
                        > (long) byLength.get(nearest).tokens()
                                * byLength.get(nearest + 1).tokens()) {
            nearest++;
        }
        List<Double> losses = byLength.get(nearest).losses();
        double place = share * SHARES;
        int below = Math.min((int) place, SHARES - 1);
        return losses.get(below) + (place - below) * (losses.get(below + 1) - losses.get(below));
    }
}
