package io.tokenwise.model.wav2vec2;

import io.tokenwise.op.LogSums;
import io.tokenwise.tensor.HostTensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The likeliest letters, over all the ways in which frames can say them: a search that keeps the likeliest beginnings (prefix beam search, Hannun et al.
 * 2014, arXiv 1408.2873, without a language model). Its time is linear in frames.
 */
final class CtcBeam {
    private final int blank;
    private final int width;
    private final Prefix nothing = new Prefix(null, -1, 0);

    /** The likeliest first. */
    private List<Kept> kept = List.of();

    private final List<Kept> next = new ArrayList<>();

    /**
     * A beginning, of which there is one object: all of its letters but the last one, and that. Those that begin nothing that is kept are forgotten: a wide beam
     * over half a minute makes more than a million.
     */
    private static final class Prefix {
        private static final int NOT_KEPT = -1;
        private static final int FORGOTTEN = -2;

        private final Prefix before;
        private final int letter;
        private final int length;

        /** The first of those that are this and one letter more; each has the next. */
        private Prefix longer;

        private Prefix next;

        /** Among those that are kept, or one of the two below. */
        private int place = NOT_KEPT;

        Prefix(Prefix before, int letter, int length) {
            this.before = before;
            this.letter = letter;
            this.length = length;
        }

        /** Null if it is not there. */
        Prefix with(int following) {
            Prefix found = longer;
            while (found != null && found.letter != following) {
                found = found.next;
            }
            return found;
        }

        Prefix and(int following) {
            Prefix found = with(following);
            if (found == null) {
                found = new Prefix(this, following, length + 1);
                found.next = longer;
                longer = found;
            }
            return found;
        }

        boolean isKeptWith(int following) {
            Prefix found = with(following);
            return found != null && found.place >= 0;
        }

        private void without(Prefix dead) {
            if (longer == dead) {
                longer = dead.next;
                return;
            }
            Prefix last = longer;
            while (last.next != dead) {
                last = last.next;
            }
            last.next = dead.next;
        }

        /** This, and those before it, as far as nothing that is kept begins with them. */
        void forget() {
            Prefix dead = this;
            while (dead.place == NOT_KEPT && dead.longer == null && dead.before != null) {
                dead.place = FORGOTTEN;
                dead.before.without(dead);
                dead = dead.before;
            }
        }

        int[] letters() {
            var letters = new int[length];
            Prefix prefix = this;
            for (int i = length - 1; i >= 0; i--) {
                letters[i] = prefix.letter;
                prefix = prefix.before;
            }
            return letters;
        }

        /** How many there are that begin with this. */
        int count() {
            int count = 1;
            Deque<Prefix> open = new ArrayDeque<>(List.of(this));
            while (!open.isEmpty()) {
                for (Prefix each = open.pop().longer; each != null; each = each.next) {
                    count++;
                    open.push(each);
                }
            }
            return count;
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
            this(prefix, letter, byBlank, byLetter, LogSums.of(byBlank, byLetter));
        }
    }

    CtcBeam(int blank, int width) {
        this.blank = blank;
        this.width = width;
        keep(List.of(new Kept(nothing, -1, 0, Double.NEGATIVE_INFINITY)));
    }

    /**
     * Searches.
     *
     * @param logits {@code [frames, vocabulary]} of one recording
     * @param width beginnings that are kept from one frame to the next; at least 1
     */
    static int[] letters(HostTensor logits, int blank, int width) {
        var beam = new CtcBeam(blank, width);
        beam.hear(logits);
        return beam.kept.getFirst().prefix.letters();
    }

    /** Goes on by some frames. */
    void hear(HostTensor logits) {
        var likely = new double[logits.columns()];
        for (int frame = 0; frame < logits.rows(); frame++) {
            double all = LogSums.of(logits, frame);
            for (int token = 0; token < likely.length; token++) {
                likely[token] = logits.get(frame, token) - all;
            }
            hear(likely);
        }
    }

    /** What is kept, the likeliest first. */
    List<int[]> texts() {
        return kept.stream().map(one -> one.prefix.letters()).toList();
    }

    /** Beginnings that are remembered: those that are kept, and theirs. */
    int beginnings() {
        return nothing.count();
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
                byLetter = LogSums.of(
                        byLetter, likely[letter] + (letter == before.letter ? shorter.byBlank : shorter.both));
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
        List<Kept> last = kept;
        last.forEach(one -> one.prefix.place = Prefix.NOT_KEPT);
        kept = new ArrayList<>(likeliest.size());
        for (Kept one : likeliest) {
            Prefix prefix = one.letter < 0 ? one.prefix : one.prefix.and(one.letter);
            prefix.place = kept.size();
            kept.add(new Kept(prefix, -1, one.byBlank, one.byLetter));
        }
        last.forEach(one -> one.prefix.forget());
    }
}
