package io.tokenwise;

/**
 * A text's vector.
 *
 * @param vector {@code [hidden]}, of length 1 for models that normalise
 * @param tokens how many tokens the text had after cutting, special ones included
 * @param truncated whether the text was longer than the model reads and its end was left out
 */
public record Embedding(float[] vector, int tokens, boolean truncated) {
    /** Cosine of the angle between the two vectors. */
    public double cosine(Embedding other) {
        if (vector.length != other.vector.length) {
            throw new IllegalArgumentException(
                    "cosine: vectors of " + vector.length + " and " + other.vector.length + " values");
        }
        double dot = 0;
        double a = 0;
        double b = 0;
        for (int i = 0; i < vector.length; i++) {
            dot += (double) vector[i] * other.vector[i];
            a += (double) vector[i] * vector[i];
            b += (double) other.vector[i] * other.vector[i];
        }
        return dot / Math.sqrt(a * b);
    }
}
