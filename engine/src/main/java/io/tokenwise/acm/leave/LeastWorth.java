package io.tokenwise.acm.leave;

import io.tokenwise.acm.choose.Curve;
import java.util.List;

/**
 * Which tokens of short texts stay: those that the gate's table says are worth so much. So the same words leave in all of them, and two texts that say alike stay alike; the most
 * valuable of each text would not be the same (docs/lab/leaving.md). How many stay is then the text's matter, the share a mean over texts.
 *
 * @param tokens of texts of so many or fewer; 0 if of none
 * @param shares of tokens that stay, ascending, below 1
 * @param worths what a token must be worth for each of these shares, descending
 */
public record LeastWorth(int tokens, List<Double> shares, List<Double> worths) {
    /** Of a model whose texts all ask the gate. */
    public static final LeastWorth NONE = new LeastWorth(0, List.of(), List.of());

    /** @throws IllegalArgumentException if shares do not ascend, worths do not descend or there are not equally many */
    public LeastWorth {
        shares = List.copyOf(shares);
        worths = List.copyOf(worths);
        if (tokens < 0 || shares.size() != worths.size() || tokens > 0 && shares.isEmpty()) {
            throw new IllegalArgumentException("acm.shortPath.shortTexts: texts of up to " + tokens + " tokens, "
                    + shares.size() + " shares and " + worths.size() + " worths of them; there must be one for each");
        }
        for (int i = 0; i < shares.size(); i++) {
            if (!(shares.get(i) > 0 && shares.get(i) < 1) || i > 0 && shares.get(i) <= shares.get(i - 1)) {
                throw new IllegalArgumentException(
                        "acm.shortPath.shortTexts.shares must ascend from above 0 to below 1, are " + shares);
            }
            if (!Double.isFinite(worths.get(i)) || i > 0 && worths.get(i) > worths.get(i - 1)) {
                throw new IllegalArgumentException("acm.shortPath.shortTexts.worths must descend, are " + worths);
            }
        }
    }

    /** Whether texts of so many tokens are short. */
    public boolean isShort(int length) {
        return length <= tokens;
    }

    /** What a token must be worth for a share of them to stay, interpolated; a share outside those that are known is the nearest. */
    public double of(double share) {
        return new Curve(shares, worths).at(Math.min(share, most()));
    }

    /** The smallest share that is known. */
    double least() {
        return shares.getFirst();
    }

    /** The largest below all. */
    double most() {
        return shares.getLast();
    }
}
