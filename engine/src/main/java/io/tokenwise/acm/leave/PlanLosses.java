package io.tokenwise.acm.leave;

import io.tokenwise.acm.choose.Curve;
import java.util.List;

/**
 * What plans lose, measured on held-out inputs of some lengths: how much texts' cosines to their nearest neighbours are scattered, or the divergence of classes, or the squared error of scores by their variance. In between the share of tokens that stay is
 * interpolated; of lengths the nearest one counts.
 *
 * @param tokens lengths that were measured, ascending
 * @param shares of tokens that stay, ascending, the last one 1
 * @param narrow how many layers were narrow, ascending from 0
 * @param losses by length, number of narrow layers and share
 */
public record PlanLosses(
        List<Integer> tokens, List<Double> shares, List<Integer> narrow, List<List<List<Double>>> losses) {

    public PlanLosses {
        tokens = List.copyOf(tokens);
        shares = List.copyOf(shares);
        narrow = List.copyOf(narrow);
        losses = List.copyOf(losses);
        if (tokens.isEmpty() || losses.size() != tokens.size()) {
            throw new IllegalArgumentException(
                    "acm.shortPath.losses: " + tokens.size() + " lengths and losses for " + losses.size());
        }
        for (int i = 0; i < tokens.size(); i++) {
            if (tokens.get(i) < 1 || i > 0 && tokens.get(i) <= tokens.get(i - 1)) {
                throw new IllegalArgumentException("acm.shortPath.losses: lengths must ascend from 1, are " + tokens);
            }
        }
        for (int i = 0; i < shares.size(); i++) {
            if (!(shares.get(i) > 0 && shares.get(i) <= 1) || i > 0 && shares.get(i) <= shares.get(i - 1)) {
                throw new IllegalArgumentException(
                        "acm.shortPath.losses: shares must ascend from above 0 to 1, are " + shares);
            }
        }
        for (int i = 0; i < narrow.size(); i++) {
            if (narrow.getFirst() != 0 || i > 0 && narrow.get(i) <= narrow.get(i - 1)) {
                throw new IllegalArgumentException(
                        "acm.shortPath.losses: numbers of narrow layers must ascend from 0, are " + narrow);
            }
        }
        for (List<List<Double>> ofLength : losses) {
            check(ofLength, narrow.size(), shares.size());
        }
    }

    private static void check(List<List<Double>> ofLength, int counts, int shares) {
        if (ofLength.size() != counts
                || ofLength.stream()
                        .anyMatch(ofCount ->
                                ofCount.size() != shares || ofCount.stream().anyMatch(loss -> !(loss >= 0)))) {
            throw new IllegalArgumentException("acm.shortPath.losses: must be " + counts + " lists of " + shares
                    + " numbers from 0 for each length, has " + ofLength);
        }
    }

    /** Not measured: a guess that serves until it is, in which losses grow with the square of what is left out. */
    public static PlanLosses unknown(int layers) {
        List<Double> shares = List.of(0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0);
        List<Integer> narrow = NarrowLayers.counts(layers);
        List<List<Double>> losses = narrow.stream()
                .map(count -> shares.stream()
                        .map(share -> (1 - share) * (1 - share) + Math.pow((double) count / layers, 2) / 4)
                        .toList())
                .toList();
        return new PlanLosses(List.of(64), shares, narrow, List.of(losses));
    }

    /**
     * What a plan loses of an input of so many tokens.
     *
     * @param place of the number of narrow layers among {@link #narrow}
     */
    double of(int length, double share, int place) {
        return new Curve(shares, losses.get(nearest(length)).get(place)).at(share);
    }

    /** The greatest of them; interpolated ones are less. */
    double most() {
        return losses.stream()
                .flatMap(List::stream)
                .flatMap(List::stream)
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(0);
    }

    /** By the ratio of the lengths. */
    private int nearest(int length) {
        int nearest = 0;
        while (nearest < tokens.size() - 1
                && (long) length * length > (long) tokens.get(nearest) * tokens.get(nearest + 1)) {
            nearest++;
        }
        return nearest;
    }
}
