package io.tokenwise.fuzz;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What of a target is to be done.
 *
 * @param from the number of its first input; others have been before
 * @param inputs how many there are at most
 * @param millis how long it may take
 * @param grows whether inputs that reach something new join those to go out from. What is new may hang on chance, as tables of hashes have other seeds
 *     each time: without it the same inputs are made each time
 * @param deadly numbers of the corpus's inputs, below 0, that have taken a JVM down
 */
record Share(String target, long from, long inputs, long millis, boolean grows, SortedSet<Long> deadly) {
    Share(String target, long inputs, long millis, boolean grows) {
        this(target, 0, inputs, millis, grows, Collections.emptySortedSet());
    }

    static Share parse(String text) {
        String[] parts = text.split(":", -1);
        var deadly = new TreeSet<Long>();
        for (String number : parts[5].isEmpty() ? new String[0] : parts[5].split(",")) {
            deadly.add(Long.parseLong(number));
        }
        return new Share(
                parts[0],
                Long.parseLong(parts[1]),
                Long.parseLong(parts[2]),
                Long.parseLong(parts[3]),
                Boolean.parseBoolean(parts[4]),
                deadly);
    }

    @Override
    public String toString() {
        String numbers = deadly.stream().map(String::valueOf).collect(Collectors.joining(","));
        return target + ":" + from + ":" + inputs + ":" + millis + ":" + grows + ":" + numbers;
    }

    /** What is left after the input of that number has taken a JVM down. Each one leaves less, so that there is an end. */
    Share after(long number, long elapsedMillis) {
        var deadlier = new TreeSet<>(deadly);
        if (number < 0) {
            deadlier.add(number);
        }
        return new Share(
                target, Math.max(from, number + 1), inputs, Math.max(0, millis - elapsedMillis), grows, deadlier);
    }
}
