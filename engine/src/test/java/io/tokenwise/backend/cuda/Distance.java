package io.tokenwise.backend.cuda;

/** How far rows of a model on a device are from the CPU's. */
final class Distance {
    private Distance() {}

    /** The largest difference of two values, in units of the largest value that is expected; infinite if a value is no number. */
    static double between(float[][] found, float[][] expected) {
        if (found.length != expected.length) {
            throw new IllegalArgumentException(found.length + " rows, not " + expected.length);
        }
        double largest = 0;
        double difference = 0;
        for (int row = 0; row < expected.length; row++) {
            if (found[row].length != expected[row].length) {
                throw new IllegalArgumentException(found[row].length + " values, not " + expected[row].length);
            }
            for (int i = 0; i < expected[row].length; i++) {
                double apart = Math.abs((double) found[row][i] - expected[row][i]);
                difference = Math.max(difference, Double.isNaN(apart) ? Double.POSITIVE_INFINITY : apart);
                largest = Math.max(largest, Math.abs(expected[row][i]));
            }
        }
        return difference / largest;
    }
}
