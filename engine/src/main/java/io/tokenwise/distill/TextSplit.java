package io.tokenwise.distill;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Token sequences, parted into those that are trained on and those that are not. A text that occurs several times is on one side only.
 *
 * @param heldOut the first tenth of the different texts, at most 500 with 20,000 tokens
 * @param trained all others, as often as they occur
 */
record TextSplit(List<int[]> heldOut, List<int[]> trained) {
    private static final int MOST_HELD_OUT = 500;

    /** Calibration runs them twenty times: half a minute for MiniLM on two cores. */
    private static final int MOST_HELD_OUT_TOKENS = 20_000;

    private static final int LEAST_TEXTS = 20;

    /** @throws IllegalArgumentException if there are too few different texts to train on some and to measure on others */
    static TextSplit of(List<int[]> texts) {
        var different = new LinkedHashSet<IntBuffer>();
        texts.forEach(text -> different.add(IntBuffer.wrap(text)));
        if (different.size() < LEAST_TEXTS) {
            String repeats = different.size() == texts.size() ? "" : different.size() + " different ones among ";
            throw new IllegalArgumentException("there are " + repeats + texts.size() + " texts to train on; at least "
                    + LEAST_TEXTS + " different ones are needed, and thousands are better");
        }
        Set<IntBuffer> chosen = chosen(different);
        var heldOut = new ArrayList<int[]>();
        var trained = new ArrayList<int[]>();
        for (int[] text : texts) {
            IntBuffer content = IntBuffer.wrap(text);
            if (!chosen.contains(content)) {
                trained.add(text);
            } else if (different.remove(content)) {
                heldOut.add(text);
            }
        }
        return new TextSplit(heldOut, trained);
    }

    private static Set<IntBuffer> chosen(Set<IntBuffer> different) {
        var chosen = new HashSet<IntBuffer>();
        int most = Math.min(MOST_HELD_OUT, different.size() / 10);
        int tokens = 0;
        for (IntBuffer text : different) {
            tokens += text.remaining();
            if (chosen.size() == most || (tokens > MOST_HELD_OUT_TOKENS && !chosen.isEmpty())) {
                break;
            }
            chosen.add(text);
        }
        return chosen;
    }

    long trainedTokens() {
        return trained.stream().mapToLong(text -> text.length).sum();
    }
}
