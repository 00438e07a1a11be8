package io.tokenwise.cli;

import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A text of which some tokens are to be guessed.
 *
 * @param ids with the mask where a token is hidden
 * @param places of these
 * @param hidden the tokens that were there
 */
record MaskedText(int[] ids, int[] places, int[] hidden) {
    /** As in BERT's pre-training (Devlin et al. 2019), but all of them by the mask. */
    private static final double SHARE = 0.15;

    /**
     * Hides every seventh token or so, at least one.
     *
     * @param ids from the token before the text to the one after it, which are never hidden
     * @param mask what stands for a hidden token; where it is in the text already, nobody knows what is right
     * @return empty if there is nothing to hide
     */
    static Optional<MaskedText> of(int[] ids, int mask, SplittableRandom random) {
        int[] order = IntStream.range(1, ids.length - 1)
                .filter(place -> ids[place] != mask)
                .toArray();
        if (order.length == 0) {
            return Optional.empty();
        }
        int count = (int) Math.max(1, Math.round(SHARE * order.length));
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i, order.length);
            int place = order[other];
            order[other] = order[i];
            order[i] = place;
        }
        int[] places = Arrays.copyOf(order, count);
        Arrays.sort(places);
        int[] masked = ids.clone();
        for (int place : places) {
            masked[place] = mask;
        }
        return Optional.of(new MaskedText(
                masked, places, Arrays.stream(places).map(place -> ids[place]).toArray()));
    }
}
