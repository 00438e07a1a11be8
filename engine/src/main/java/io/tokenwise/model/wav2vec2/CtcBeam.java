package io.tokenwise.model.wav2vec2;

import io.tokenwise.tensor.HostTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The likeliest letters, over all the ways in which frames can say them: a search that keeps the likeliest beginnings (prefix beam search, Hannun et al.
 * 2014, arXiv 1408.2873, without a language model). Its time is linear in frames.
 */
final class CtcBeam {
    private final int blank;
    private final int width;

    /** The likeliest first. */
    private final List<Kept> kept = new ArrayList<>();

    private final List<Kept> next = new ArrayList<>();

    /** A beginning, of which there is one object: all of its letters but the last one, and that. */
    private static final class Prefix {
        private final Prefix before;
        private final int letter;
        private final int length;
        private final Map<Integer, Prefix> longer = new HashMap<>(2);

        /** Among those that are kept; -1 if it is not. */
        private int place = -1;

        Prefix(Prefix before, int letter, int length) {
            this.before = before;
            this.letter = letter;
            this.length = length;
        }

        Prefix and(int following) {
            return longer.computeIfAbsent(following, _ -> new Prefix(this, following, length + 1));
        }

        boolean isKeptWith(int following) {
            Prefix found = longer.get(following);
            return found != null && found.place >= 0;
        }
    }

    /**
     * A beginning, or a beginning and one more letter, and the logarithm of how likely the frames say it.
     *
     * @param letter the one more; -1 if there is none
     * @param byBlank with a blank in the last frame
     * @param byLetter with its last letter there
     */
    private record Kept(Prefix prefix, int letter, double byBlank, double byLetter, double both) {
        Kept(Prefix prefix, int letter, double byBlank, double byLetter) {
            this(prefix, letter, byBlank, byLetter, sum(byBlank, byLetter));
        }
    }

    private CtcBeam(int blank, int width) {
        this.blank = blank;
        this.width = width;
        keep(List.of(new Kept(new Prefix(null, -1, 0), -1, 0, Double.NEGATIVE_INFINITY)));
    }

    /**
     * Searches.
     *
     * @param logits {@code [frames, vocabulary]} of one recording
     * @param width beginnings that are kept from one frame to the next; at least 1
     */
    static int[] letters(HostTensor logits, int blank, int width) {
        var beam = new CtcBeam(blank, width);
        var likely = new double[logits.columns()];
        for (int frame = 0; frame < logits.rows(); frame++) {
            logarithms(logits, frame, likely);
            beam.hear(likely);
        }
        return beam.letters();
    }

    /** Of the probabilities of a frame's tokens. */
    private static void logarithms(HostTensor logits, int frame, double[] target) {
        double most = Double.NEGATIVE_INFINITY;
        for (int token = 0; token < target.length; token++) {
            target[token] = logits.get(frame, token);
            most = Math.max(most, target[token]);
        }
        double sum = 0;
        for (double value : target) {
            sum += Math.exp(value - most);
        }
        double all = most + Math.log(sum);
        for (int token = 0; token < target.length; token++) {
            target[token] -= all;
        }
    }

    private void hear(double[] likely) {
        next.clear();
        for (Kept one : kept) {
            stay(one, likely);
        }
        for (Kept one : kept) {
            for (int letter = 0; letter < likely.length; letter++) {
                double longer = likely[letter] + (letter == one.prefix.letter ? one.byBlank : one.both);
                if (letter != blank && isLikely(longer) && !one.prefix.isKeptWith(letter)) {
                    offer(new Kept(one.prefix, letter, Double.NEGATIVE_INFINITY, longer));
                }
            }
        }
        keep(next);
    }

    /** A beginning stays by a blank, or as its last letter goes on, or as one that lacks it is followed by it. */
    private void stay(Kept one, double[] likely) {
        double byLetter = Double.NEGATIVE_INFINITY;
        Prefix before = one.prefix.before;
        if (before != null) {
            int letter = one.prefix.letter;
            byLetter = one.byLetter + likely[letter];
            if (before.place >= 0) {
                Kept shorter = kept.get(before.place);
                byLetter = sum(byLetter, likely[letter] + (letter == before.letter ? shorter.byBlank : shorter.both));
            }
        }
        offer(new Kept(one.prefix, -1, one.both + likely[blank], byLetter));
    }

    private boolean isLikely(double both) {
        return next.size() < width || both > next.getLast().both;
    }

    /** Among equals the one that came first is ahead. */
    private void offer(Kept one) {
        if (isLikely(one.both)) {
            int at = next.size();
            while (at > 0 && next.get(at - 1).both < one.both) {
                at--;
            }
            next.add(at, one);
            if (next.size() > width) {
                next.removeLast();
            }
        }
    }

    private void keep(List<Kept> likeliest) {
        kept.forEach(one -> one.prefix.place = -1);
        kept.clear();
        for (Kept one : likeliest) {
            Prefix prefix = one.letter < 0 ? one.prefix : one.prefix.and(one.letter);
            prefix.place = kept.size();
            kept.add(new Kept(prefix, -1, one.byBlank, one.byLetter));
        }
    }

    private int[] letters() {
        Prefix prefix = kept.getFirst().prefix;
        var letters = new int[prefix.length];
        for (int i = letters.length - 1; i >= 0; i--) {
            letters[i] = prefix.letter;
            prefix = prefix.before;
        }
        return letters;
    }

    /** The logarithm of the sum of two values, of their logarithms. */
    private static double sum(double a, double b) {
        double most = Math.max(a, b);
        return most == Double.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
    }
}
