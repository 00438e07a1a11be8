package io.tokenwise.spark;

import io.tokenwise.api.BadFileException;

/**
 * What a model says of one input.
 *
 * @param value as Spark's rows hold it; null of a bad input
 * @param tokens of the input, if the door tells spending
 * @param spent the share of the dense model's cost, if the door tells spending; NaN if the model cannot say
 * @param bad why the input cannot be read; null if it can
 */
record Answer(Object value, int tokens, double spent, BadFileException bad) {
    static Answer of(Object value) {
        return new Answer(value, 0, Double.NaN, null);
    }

    static Answer bad(BadFileException why) {
        return new Answer(null, 0, Double.NaN, why);
    }
}
