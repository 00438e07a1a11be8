package io.tokenwise.session;

import io.tokenwise.model.InputKind;

/**
 * What a caller has given, such as a list of texts, by which messages count and name what a model reads: it may read a text in parts, and those of a call one after the other. Immutable.
 *
 * @param one what one of them is called, such as "text"
 * @param all how many the call has
 * @param done how many it has done before the inputs that are told here
 * @param of for each of these inputs which it is of, from 0, those of one side by side; empty if each is one itself
 */
public record Given(String one, int all, int done, int... of) {
    /** Inputs that are themselves what was given. */
    public static Given each(InputKind kind, int count) {
        return new Given(kind.one(), count, 0);
    }

    /** How far the call is after so many of the inputs, such as "2 of 3 texts"; one of which a part is missing does not count. */
    String progress(int inputs) {
        int ended = done;
        for (int i = 0; i < inputs; i++) {
            boolean isLast = of.length == 0 || i + 1 == of.length || of[i + 1] != of[i];
            ended += isLast ? 1 : 0;
        }
        return ended + " of " + all + " " + one + "s";
    }

    /** Which an input is, such as "text 2 of 3"; as callers count, from 1. */
    String name(int input) {
        int number = of.length == 0 ? done + input : of[input];
        return one + " " + (number + 1) + " of " + all;
    }
}
