package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class QuantizedVectorsTest {
    private static Embedding embedding(float... vector) {
        return new Embedding(vector, 3, false, Spent.ALL);
    }

    private static float[] random(int size, long seed) {
        var random = new SplittableRandom(seed);
        var vector = new float[size];
        for (int i = 0; i < size; i++) {
            vector[i] = (float) random.nextGaussian(0, 0.05);
        }
        return vector;
    }

    private static float[] floats(Int8Vector bytes) {
        var floats = new float[bytes.values().length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = bytes.values()[i] * bytes.scale();
        }
        return floats;
    }

    @Test
    void bytesAreOffByHalfAScaleAtMost() {
        for (int seed = 0; seed < 20; seed++) {
            float[] vector = random(384, seed);
            Int8Vector bytes = embedding(vector).int8();
            float[] back = floats(bytes);
            for (int i = 0; i < vector.length; i++) {
                assertThat(back[i]).isCloseTo(vector[i], within(bytes.scale() * 0.5001f));
            }
            assertThat(Embedding.cosine(vector, back)).isGreaterThan(0.9998);
        }
    }

    @Test
    void theLargestMagnitudeIs127() {
        Int8Vector bytes = embedding(0.5f, -1, 0.25f, 0).int8();
        assertThat(bytes.scale()).isEqualTo(1f / 127);
        assertThat(bytes.values()).containsExactly(64, -127, 32, 0);
    }

    @Test
    void zerosStayZeros() {
        Int8Vector bytes = embedding(0, 0, -0f).int8();
        assertThat(bytes.values()).containsExactly(0, 0, 0);
        assertThat(bytes.scale()).isZero();
    }

    /** A denormal divided by 127 may be no number at all. */
    @Test
    void theSmallestNumbersAreNoZeroOverZero() {
        assertThat(embedding(Float.MIN_VALUE, -Float.MIN_VALUE).int8().values()).containsOnly(0);
    }

    /** Bytes cannot say that they stand for no number; the scale does. */
    @Test
    void whatIsNoNumberMakesTheScaleNone() {
        assertThat(embedding(1, Float.NaN, -1).int8().scale()).isNaN();
        assertThat(embedding(1, Float.NEGATIVE_INFINITY).int8().scale()).isInfinite();
    }

    @Test
    void bitsAreThoseOfPositiveValuesMostSignificantFirst() {
        assertThat(embedding(1, -1, 0, 2, -0f, 0.1f, -3, 1e-30f, 5, -1).binary())
                .containsExactly(0b10010101, 0b10000000);
        assertThat(embedding(random(384, 1)).binary()).hasSize(48);
    }
}
