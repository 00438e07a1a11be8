package io.tokenwise.op;

import io.tokenwise.backend.Shapes;
import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import java.util.Arrays;

/**
 * Connectionist temporal classification (Graves et al. 2006): how unlikely frames say letters, over all the ways to say them. Computed on the host, in
 * doubles and logarithms; what a step of training takes for it is little beside its products.
 */
public final class CtcLosses {
    /** Frames times places of the longest recording: 128 MB. Half a minute of 20 ms frames has at most 4.5 million, with a letter in each. */
    private static final int MOST_PLACES = 1 << 24;

    private CtcLosses() {}

    /** Frames that letters need: one each, and one for the blank between two that are the same. */
    public static int leastFrames(int... letters) {
        int frames = letters.length;
        for (int i = 1; i < letters.length; i++) {
            frames += letters[i] == letters[i - 1] ? 1 : 0;
        }
        return frames;
    }

    /**
     * The sum over recordings of {@code -log p(letters | logits)}, whose gradient is written to dLogits.
     *
     * @param logits {@code [frames, vocabulary]} of all recordings
     * @param letters of each recording, none of which is the blank
     * @param weight that the gradient is multiplied by, such as one over the number of recordings
     * @throws IllegalArgumentException if a recording has fewer frames than its letters need, more letters than can be learnt, or one that is the blank or
     *     not in the vocabulary
     */
    public static double sum(
            Stream stream, Tensor logits, int[] offsets, int[][] letters, int blank, double weight, Tensor dLogits) {
        Shapes.offsets("ctc", offsets, letters.length, logits.rows());
        Shapes.same("ctc", logits, dLogits);
        for (int i = 0; i < letters.length; i++) {
            check(i, offsets[i + 1] - offsets[i], letters[i], blank, logits.columns());
        }
        double loss = 0;
        try (HostTensor values = stream.read(logits);
                HostTensor slopes = stream.write(dLogits)) {
            for (int i = 0; i < letters.length; i++) {
                var recording = new Recording(values, offsets[i], offsets[i + 1] - offsets[i], letters[i], blank);
                loss += recording.loss(weight, slopes);
            }
        }
        return loss;
    }

    private static void check(int recording, int frames, int[] letters, int blank, int vocabulary) {
        for (int letter : letters) {
            if (letter < 0 || letter >= vocabulary || letter == blank) {
                throw new IllegalArgumentException("ctc: recording " + recording + " has letter " + letter
                        + "; they go from 0 to " + (vocabulary - 1) + ", without the blank " + blank);
            }
        }
        int least = leastFrames(letters);
        if (frames < least) {
            throw new IllegalArgumentException("ctc: recording " + recording + " has " + frames + " frames, its "
                    + letters.length + " letters need " + least);
        }
        if ((long) frames * (2 * letters.length + 1) > MOST_PLACES) {
            throw new IllegalArgumentException("ctc: recording " + recording + " of " + frames + " frames has "
                    + letters.length + " letters; at most " + (MOST_PLACES / frames - 1) / 2 + " can be learnt");
        }
    }

    /** One recording, whose letters have a place each, and blanks the places before, between and after them. */
    private static final class Recording {
        private final HostTensor logits;
        private final int first;
        private final int frames;
        private final int[] tokens;

        /** Whether a place can be reached from that two before it, without the blank between them. */
        private final boolean[] skips;

        /** Of each frame what its logits lack to be logarithms of probabilities. */
        private final double[] logSums;

        Recording(HostTensor logits, int first, int frames, int[] letters, int blank) {
            this.logits = logits;
            this.first = first;
            this.frames = frames;
            tokens = new int[2 * letters.length + 1];
            skips = new boolean[tokens.length];
            Arrays.fill(tokens, blank);
            for (int i = 0; i < letters.length; i++) {
                tokens[2 * i + 1] = letters[i];
                skips[2 * i + 1] = i > 0 && letters[i] != letters[i - 1];
            }
            logSums = new double[frames];
            for (int frame = 0; frame < frames; frame++) {
                logSums[frame] = LogSums.of(logits, first + frame);
            }
        }

        /** The logarithm of the probability that a frame is what stands at a place. */
        private double likely(int frame, int place) {
            return logits.get(first + frame, tokens[place]) - logSums[frame];
        }

        double loss(double weight, HostTensor slopes) {
            double[] before = before();
            int last = (frames - 1) * tokens.length + tokens.length - 1;
            double all = tokens.length == 1 ? before[last] : LogSums.of(before[last], before[last - 1]);
            var after = new double[tokens.length];
            var next = new double[tokens.length];
            Arrays.fill(after, Double.NEGATIVE_INFINITY);
            after[tokens.length - 1] = 0;
            after[Math.max(0, tokens.length - 2)] = 0;
            var said = new double[logits.columns()];
            for (int frame = frames - 1; frame >= 0; frame--) {
                Arrays.fill(said, 0);
                for (int place = 0; place < tokens.length; place++) {
                    said[tokens[place]] += Math.exp(before[frame * tokens.length + place] + after[place] - all);
                }
                for (int token = 0; token < said.length; token++) {
                    double probability = Math.exp(logits.get(first + frame, token) - logSums[frame]);
                    slopes.set(first + frame, token, (float) (weight * (probability - said[token])));
                }
                if (frame > 0) {
                    goBack(frame, after, next);
                    System.arraycopy(next, 0, after, 0, next.length);
                }
            }
            return -all;
        }

        /** How likely the frames up to each, itself included, end at each place: logarithms {@code [frames, places]}. */
        private double[] before() {
            var before = new double[frames * tokens.length];
            Arrays.fill(before, 0, tokens.length, Double.NEGATIVE_INFINITY);
            for (int place = 0; place < Math.min(2, tokens.length); place++) {
                before[place] = likely(0, place);
            }
            for (int frame = 1; frame < frames; frame++) {
                int from = (frame - 1) * tokens.length;
                for (int place = 0; place < tokens.length; place++) {
                    double reached = before[from + place];
                    if (place > 0) {
                        reached = LogSums.of(reached, before[from + place - 1]);
                    }
                    if (skips[place]) {
                        reached = LogSums.of(reached, before[from + place - 2]);
                    }
                    before[from + tokens.length + place] = reached + likely(frame, place);
                }
            }
            return before;
        }

        /** How likely the frames after that before this one go on from each place to the end, of the same for this one. */
        private void goBack(int frame, double[] after, double[] target) {
            for (int place = 0; place < tokens.length; place++) {
                double goingOn = after[place] + likely(frame, place);
                if (place + 1 < tokens.length) {
                    goingOn = LogSums.of(goingOn, after[place + 1] + likely(frame, place + 1));
                }
                if (place + 2 < tokens.length && skips[place + 2]) {
                    goingOn = LogSums.of(goingOn, after[place + 2] + likely(frame, place + 2));
                }
                target[place] = goingOn;
            }
        }
    }
}
