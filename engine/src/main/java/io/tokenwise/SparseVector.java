package io.tokenwise;

import java.util.Arrays;

/**
 * A vector of which all but a few values are 0: of each token of the vocabulary, how much a text is about it.
 *
 * @param ids of the tokens whose weight is not 0, ascending
 * @param weights of these, in the same order
 */
public record SparseVector(int[] ids, float[] weights) {
    /**
     * Makes one of parts of the same length, which are not copied.
     *
     * @throws IllegalArgumentException if there are not as many weights as ids, or ids do not ascend
     */
    public SparseVector {
        if (ids.length != weights.length) {
            throw new IllegalArgumentException(
                    "a sparse vector of " + ids.length + " ids and " + weights.length + " weights; give one for each");
        }
        for (int i = 1; i < ids.length; i++) {
            if (ids[i] <= ids[i - 1]) {
                throw new IllegalArgumentException(
                        "a sparse vector whose ids do not ascend: " + ids[i] + " after " + ids[i - 1]);
            }
        }
    }

    /** Of all values, those that are not 0. */
    static SparseVector of(float... values) {
        int count = 0;
        var ids = new int[values.length];
        var weights = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            if (values[i] != 0) {
                ids[count] = i;
                weights[count++] = values[i];
            }
        }
        return new SparseVector(Arrays.copyOf(ids, count), Arrays.copyOf(weights, count));
    }

    /**
     * {@return the sum of the products of what both have: how well a text answers a query}
     *
     * @param other of the same model
     */
    public double dot(SparseVector other) {
        double sum = 0;
        for (int i = 0, j = 0; i < ids.length && j < other.ids.length; ) {
            if (ids[i] == other.ids[j]) {
                sum += (double) weights[i++] * other.weights[j++];
            } else if (ids[i] < other.ids[j]) {
                i++;
            } else {
                j++;
            }
        }
        return sum;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SparseVector vector
                && Arrays.equals(ids, vector.ids)
                && Arrays.equals(weights, vector.weights);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + Arrays.hashCode(weights);
    }

    @Override
    public String toString() {
        return "SparseVector[" + ids.length + " tokens]";
    }
}
