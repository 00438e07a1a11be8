package io.tokenwise.fuzz;

/**
 * What of a target is to be done.
 *
 * @param from the number of its first input; others have been before
 * @param inputs how many there are at most
 * @param millis how long it may take
 */
record Share(String target, long from, long inputs, long millis) {
    static Share parse(String text) {
        String[] parts = text.split(":");
        return new Share(parts[0], Long.parseLong(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]));
    }

    @Override
    public String toString() {
        return target + ":" + from + ":" + inputs + ":" + millis;
    }

    /** What is left after the input of that number, which those of the corpus have below 0. */
    Share after(long number, long elapsedMillis) {
        return new Share(target, Math.max(from, number + 1), inputs, Math.max(0, millis - elapsedMillis));
    }
}
