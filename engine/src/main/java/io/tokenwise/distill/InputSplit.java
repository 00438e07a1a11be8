package io.tokenwise.distill;

import io.tokenwise.model.ModelDescription;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Inputs, parted into those that are trained on and those that are not. One that occurs several times is on one side only.
 *
 * @param heldOut the first tenth of the different inputs, at most 500 with 20,000 tokens
 * @param trained all others, as often as they occur
 * @param model that they are for
 */
record InputSplit(List<int[]> heldOut, List<int[]> trained, ModelDescription model) {
    private static final int MOST_HELD_OUT = 500;

    /** Calibration runs them twenty times: half a minute for MiniLM on two cores. */
    private static final int MOST_HELD_OUT_TOKENS = 20_000;

    private static final int LEAST_INPUTS = 20;

    /** @throws IllegalArgumentException if there are too few different inputs to train on some and to measure on others */
    static InputSplit of(List<int[]> inputs, ModelDescription model) {
        var different = new LinkedHashSet<IntBuffer>();
        inputs.forEach(input -> different.add(IntBuffer.wrap(input)));
        if (different.size() < LEAST_INPUTS) {
            String repeats = different.size() == inputs.size() ? "" : different.size() + " different ones among ";
            throw new IllegalArgumentException(
                    "there are " + repeats + inputs.size() + " " + model.inputs() + " to train on; at least "
                            + LEAST_INPUTS + " different ones are needed, and thousands are better");
        }
        Set<IntBuffer> chosen = chosen(different, model);
        var heldOut = new ArrayList<int[]>();
        var trained = new ArrayList<int[]>();
        for (int[] input : inputs) {
            IntBuffer content = IntBuffer.wrap(input);
            if (!chosen.contains(content)) {
                trained.add(input);
            } else if (different.remove(content)) {
                heldOut.add(input);
            }
        }
        return new InputSplit(heldOut, trained, model);
    }

    private static Set<IntBuffer> chosen(Set<IntBuffer> different, ModelDescription model) {
        var chosen = new HashSet<IntBuffer>();
        int most = Math.min(MOST_HELD_OUT, different.size() / 10);
        int taken = 0;
        for (IntBuffer input : different) {
            taken += model.tokens(input.array());
            if (chosen.size() == most || (taken > MOST_HELD_OUT_TOKENS && !chosen.isEmpty())) {
                break;
            }
            chosen.add(input);
        }
        return chosen;
    }

    long trainedTokens() {
        return trained.stream().mapToLong(model::tokens).sum();
    }
}
