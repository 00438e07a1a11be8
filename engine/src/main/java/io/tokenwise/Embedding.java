package io.tokenwise;

import java.util.Arrays;

/**
 * A text's vector.
 *
 * @param vector {@code [hidden]}, of length 1 for models that normalise
 * @param tokens how many tokens the text had after cutting, special ones included; of a text that was split all
 * @param truncated whether the text was longer than the model reads and its end was left out
 * @param spent what it cost; of a text that was split the mean of its parts by their tokens
 */
public record Embedding(float[] vector, int tokens, boolean truncated, Spent spent) {
    /** {@return the vector in signed bytes, a quarter of its size} */
    public Int8Vector int8() {
        return Int8Vector.of(vector);
    }

    /**
     * {@return a bit for each value, 1 where it is positive, most significant first; the last byte is filled with zeros}
     * What sentence-transformers calls {@code ubinary}.
     */
    public byte[] binary() {
        var bits = new byte[(vector.length + 7) / 8];
        for (int i = 0; i < vector.length; i++) {
            if (vector[i] > 0) {
                bits[i / 8] |= (byte) (0x80 >> i % 8);
            }
        }
        return bits;
    }

    /**
     * {@return the cosine of the angle between the two vectors, -1 to 1; 0 if one is all zeros}
     *
     * @param other of as many dimensions
     */
    public double cosine(Embedding other) {
        return cosine(vector, other.vector);
    }

    /**
     * {@return the cosine of the angle between two vectors, whatever their lengths; 0 if one is all zeros, as a static model's of a text without known words is}
     *
     * @param a {@code [dimensions]}
     * @param b {@code [dimensions]}
     * @throws IllegalArgumentException if they are not of one size
     */
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
        double lengths = Math.sqrt(aa * bb);
        return lengths == 0 ? 0 : ab / lengths;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Embedding embedding
                && Arrays.equals(vector, embedding.vector)
                && tokens == embedding.tokens
                && truncated == embedding.truncated
                && spent.equals(embedding.spent);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(vector) + tokens;
    }

    @Override
    public String toString() {
        return "Embedding[" + vector.length + " values of " + tokens + " tokens" + (truncated ? ", truncated" : "")
                + ", " + spent + "]";
    }
}
