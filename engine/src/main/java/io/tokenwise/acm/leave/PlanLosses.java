package io.tokenwise.acm.leave;

import java.util.List;

/**
 * What plans lose, measured on held-out inputs of some lengths: how much texts' cosines to their nearest neighbours are scattered, or the divergence of images' classes. In between the share of tokens that stay is
 * interpolated; of lengths the nearest one counts.
 *
 * @param tokens lengths that were measured, ascending
 * @param shares of tokens that stay, ascending, the last one 1
 * @param mixes of layers, the narrower later, the first one the dense model's
 * @param losses by length, mix and share
 */
public record PlanLosses(
        List<Integer> tokens, List<Double> shares, List<LayerMix> mixes, List<List<List<Double>>> losses) {

    public PlanLosses {
        tokens = List.copyOf(tokens);
        shares = List.copyOf(shares);
        mixes = List.copyOf(mixes);
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
        for (int i = 0; i < mixes.size(); i++) {
            if (!mixes.getFirst().equals(LayerMix.DENSE)
                    || i > 0 && mixes.get(i).narrow() < mixes.get(i - 1).narrow()) {
                throw new IllegalArgumentException(
                        "acm.shortPath.losses: numbers of narrow layers must ascend from 0, without full ones, are "
                                + mixes);
            }
        }
        for (List<List<Double>> ofLength : losses) {
            check(ofLength, mixes.size(), shares.size());
        }
    }

    private static void check(List<List<Double>> ofLength, int mixes, int shares) {
        if (ofLength.size() != mixes
                || ofLength.stream()
                        .anyMatch(ofMix ->
                                ofMix.size() != shares || ofMix.stream().anyMatch(loss -> !(loss >= 0)))) {
            throw new IllegalArgumentException("acm.shortPath.losses: must be " + mixes + " lists of " + shares
                    + " numbers from 0 for each length, has " + ofLength);
        }
    }

    /** Not measured: a guess that serves until it is, in which losses grow with the square of what is left out. */
    public static PlanLosses unknown(int layers) {
        List<Double> shares = List.of(0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0);
        List<LayerMix> mixes = LayerMix.all(layers);
        List<List<Double>> losses = mixes.stream()
                .map(mix -> shares.stream()
                        .map(share -> (1 - share) * (1 - share) + Math.pow((double) mix.narrow() / layers, 2) / 4)
                        .toList())
                .toList();
        return new PlanLosses(List.of(64), shares, mixes, List.of(losses));
    }

    /** The mix that costs least. */
    LayerMix narrowest() {
        return mixes.getLast();
    }

    /**
     * What a plan loses of an input of so many tokens.
     *
     * @param place of its layers among {@link #mixes}
     */
    double of(int length, double share, int place) {
        List<Double> curve = losses.get(nearest(length)).get(place);
        int right = 0;
        while (right < shares.size() - 1 && shares.get(right) < share) {
            right++;
        }
        if (right == 0) {
            return curve.getFirst();
        }
        double from = shares.get(right - 1);
        double t = (share - from) / (shares.get(right) - from);
        return curve.get(right - 1) + t * (curve.get(right) - curve.get(right - 1));
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
