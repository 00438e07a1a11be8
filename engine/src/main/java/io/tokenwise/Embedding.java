package io.tokenwise;

/**
 * A text's vector.
 *
 * @param vector {@code [hidden]}, of length 1 for models that normalise
 * @param tokens how many tokens the text had after cutting, special ones included
 * @param truncated whether the text was longer than the model reads and its end was left out
 * @param spent what it cost
 */
public record Embedding(float[] vector, int tokens, boolean truncated, Spent spent) {
    /** Cosine of the angle between the two vectors. */
    public double cosine(Embedding other) {
        return cosine(vector, other.vector);
    }

    /** Cosine of the angle between two vectors of the same size, whatever their lengths. */
    public static double cosine(float[] a, float[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException("cosine: vectors of " + a.length + " and " + b.length + " values");
        }
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
