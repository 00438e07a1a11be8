package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.ImageClassifier;
import io.tokenwise.StoredModels;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.image.Image;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A model with learners that a build of November 2026 stored gives what it gave then: files outlive builds. */
class StoredLearnersTest {
    private static final double TOLERANCE = 1e-4;

    /** Probabilities of the ten classes as that build gave them in float32, by budget. */
    private static final Map<Budget, double[]> GIVEN = Map.of(
            Budget.FULL,
            new double[] {.20217, .10086, .13753, .07379, .07727, .05637, .12730, .07178, .07845, .07448},
            Budget.flops(0.5),
            new double[] {.14427, .08830, .14740, .09882, .07638, .07869, .11324, .08861, .06577, .09852},
            Budget.flops(0.3),
            new double[] {.14347, .08937, .15491, .10500, .06348, .09507, .08988, .07992, .05721, .12168},
            Budget.hard(0.5),
            new double[] {.14316, .08523, .14789, .10047, .07697, .08086, .11168, .08921, .06726, .09727},
            Budget.hard(0.3),
            new double[] {.19243, .09705, .10971, .08450, .06242, .07674, .07639, .13809, .05127, .11139});

    @Test
    void givesWhatItGaveWhenItWasStored() throws Exception {
        String folder = StoredModels.vitWithLearners().toString();
        try (var classifier =
                ImageClassifier.open(folder, new EngineOptions(1, 256, 1, BackendChoice.FLOAT32, false))) {
            GIVEN.forEach((budget, given) -> assertThat(
                            classifier.classify(image(), budget).probabilities())
                    .as("%s", budget)
                    .containsExactly(given, within(TOLERANCE)));
        }
    }

    /** 16 by 16 pixels, a different colour in each corner. */
    private static Image image() {
        var rgb = new int[16 * 16];
        for (int i = 0; i < rgb.length; i++) {
            rgb[i] = (i % 16) * 16 << 16 | (i / 16) * 16 << 8 | (i * 7) % 256;
        }
        return new Image(16, 16, rgb);
    }
}
