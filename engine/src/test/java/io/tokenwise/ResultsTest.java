package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What callers get is compared by what it holds, its arrays too. */
class ResultsTest {
    @Test
    void vectorsAndClassesAreEqualByContent() {
        assertByContent(embedding(3, 1, 2), embedding(3, 1, 2), embedding(3, 1, 3), embedding(4, 1, 2));
        assertByContent(
                Int8Vector.of(new float[] {1, 2}),
                Int8Vector.of(new float[] {1, 2}),
                new Int8Vector(new byte[] {64, 127}, 1));
        List<String> labels = List.of("cat", "dog");
        assertByContent(
                Classification.of(new float[] {1, 2}, labels),
                Classification.of(new float[] {1, 2}, labels),
                Classification.of(new float[] {1, 3}, labels),
                Classification.of(new float[] {1, 2}, labels.reversed()));
        assertThat(embedding(3, 1, 2)).hasToString("Embedding[2 values of 3 tokens, Spent[time=1.0, flops=1.0]]");
    }

    /** As in Python: torch's normalize leaves zeros what they are. */
    @Test
    void zerosHaveNoAngle() {
        assertThat(embedding(1, 0, 0).cosine(embedding(1, 3, 4))).isZero();
        assertThat(embedding(1, 3, 4).cosine(embedding(1, 0, 0))).isZero();
        assertThat(embedding(1, 0, 0).cosine(embedding(1, 0, 0))).isZero();
        assertThat(embedding(1, 3, 4).cosine(embedding(1, 4, 3))).isEqualTo(24 / 25.);
        assertThat(embedding(1, 3, 4).cosine(embedding(1, Float.NaN, 3))).isNaN();
    }

    private static Embedding embedding(int tokens, float... vector) {
        return new Embedding(vector, tokens, false, Spent.ALL);
    }

    private static void assertByContent(Object one, Object same, Object... others) {
        assertThat(one).isEqualTo(same).hasSameHashCodeAs(same).isNotIn(others);
        assertThat(one.toString()).isEqualTo(same.toString());
    }
}
