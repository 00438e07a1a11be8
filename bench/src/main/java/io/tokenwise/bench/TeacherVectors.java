package io.tokenwise.bench;

import io.tokenwise.model.TextKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Texts and the vectors that the dense model in float32 gives them: what rivals are fitted to. The last tenth is for choosing among fits. Immutable if its arrays are
 * not changed.
 *
 * @param vectors {@code [texts][hidden]}, of length 1
 */
record TeacherVectors(List<String> texts, float[][] vectors) {
    /** A linear map of 384 x 385 numbers has 15 texts for each of its inputs. */
    private static final int MOST_TEXTS = 6_000;

    private static final int LEAST_TEXTS = 20;

    /** Some of the texts, drawn at random. */
    static List<String> draw(List<String> texts, long seed) {
        var drawn = new ArrayList<>(texts);
        Collections.shuffle(drawn, new Random(seed));
        return List.copyOf(drawn.subList(0, Math.min(MOST_TEXTS, drawn.size())));
    }

    /** @throws IllegalArgumentException if there are too few texts to fit anything to */
    static TeacherVectors of(Embedder teacher, List<String> texts) {
        if (texts.size() < LEAST_TEXTS) {
            throw new IllegalArgumentException(
                    "exit-N and static-trained are fitted to texts: " + texts.size() + " are too few, give "
                            + LEAST_TEXTS + " or better thousands (--words), or leave them out (--only)");
        }
        return new TeacherVectors(texts, teacher.embed(TextKind.TEXT, texts));
    }

    /** How many texts are fitted to; the others are for choosing. */
    int fitted() {
        return texts.size() - texts.size() / 10;
    }

    /** Mean cosine of other vectors of the texts for choosing to the teacher's. */
    double chosenBy(float[][] ofLast) {
        double sum = 0;
        for (int i = 0; i < ofLast.length; i++) {
            sum += Quality.dot(Embedder.unit(ofLast[i]), vectors[fitted() + i]);
        }
        return sum / ofLast.length;
    }
}
