package io.tokenwise.model;

import java.util.random.RandomGenerator;

/** Makes another input of the same meaning and size of one, such as an image of its mirror image; the one is not changed. */
@FunctionalInterface
public interface Variation {
    /** Leaves inputs as they are. */
    Variation NONE = (input, _) -> input;

    int[] of(int[] input, RandomGenerator random);
}
