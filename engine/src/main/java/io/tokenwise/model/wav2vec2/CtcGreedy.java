package io.tokenwise.model.wav2vec2;

import io.tokenwise.tensor.HostTensor;
import java.util.Arrays;

/** The letters of the likeliest token of each frame (Graves et al. 2006, best path decoding). */
final class CtcGreedy {
    private CtcGreedy() {}

    /**
     * A token that goes on for several frames is one letter; the blank, which is none, parts two that are the same.
     *
     * @param logits {@code [frames, vocabulary]} of one recording
     */
    static int[] letters(HostTensor logits, int blank) {
        var letters = new int[logits.rows()];
        int count = 0;
        int last = blank;
        for (int frame = 0; frame < logits.rows(); frame++) {
            int best = likeliest(logits, frame);
            if (best != blank && best != last) {
                letters[count++] = best;
            }
            last = best;
        }
        return Arrays.copyOf(letters, count);
    }

    /** The first, if several are equal. */
    private static int likeliest(HostTensor logits, int frame) {
        int best = 0;
        for (int token = 1; token < logits.columns(); token++) {
            if (logits.get(frame, token) > logits.get(frame, best)) {
                best = token;
            }
        }
        return best;
    }
}
