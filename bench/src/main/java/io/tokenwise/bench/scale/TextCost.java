package io.tokenwise.bench.scale;

/**
 * What a text takes on one core.
 *
 * @param micros on average
 * @param deviation standard deviation over texts, in microseconds
 */
record TextCost(double micros, double deviation) {
    /** The same on cores that take so many times as long. */
    TextCost times(double factor) {
        return new TextCost(micros * factor, deviation * factor);
    }

    /** The same with so many microseconds more for each. */
    TextCost plus(double more) {
        return new TextCost(micros + more, deviation);
    }
}
