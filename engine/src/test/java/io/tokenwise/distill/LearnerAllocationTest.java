package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LearnerAllocationTest {
    private static final int LEARNERS = 3;
    private static final int[] COUNTS = {0, 1, 2, 3};

    @Test
    void noOtherChoiceOfTheSameCostHasLessError() {
        var random = new Random(4);
        for (int round = 0; round < 50; round++) {
            int tokens = 5;
            var errors = new float[tokens * (LEARNERS + 1)];
            for (int i = 0; i < errors.length; i++) {
                errors[i] = random.nextFloat();
            }
            var counts = new int[tokens];
            Allocation.choose(errors, COUNTS, new int[tokens], 0, 3 * random.nextDouble(), counts);
            assertThat(error(errors, counts)).isLessThanOrEqualTo(leastError(errors, tokens, sum(counts)) + 1e-6);
        }
    }

    @Test
    void meanCountIsAtMostTheBudgetAndOtherGroupsAreLeftAlone() {
        var random = new Random(5);
        int tokens = 400;
        var errors = new float[tokens * (LEARNERS + 1)];
        var groups = new int[tokens];
        for (int token = 0; token < tokens; token++) {
            groups[token] = token % 2;
            float error = 1 + random.nextFloat();
            for (int count = 0; count <= LEARNERS; count++) {
                errors[token * (LEARNERS + 1) + count] = error;
                error *= random.nextFloat();
            }
        }
        var counts = new int[tokens];
        Arrays.fill(counts, -1);
        Allocation.choose(errors, COUNTS, groups, 1, 1.5, counts);
        double sum = 0;
        for (int token = 0; token < tokens; token++) {
            if (groups[token] == 0) {
                assertThat(counts[token]).isEqualTo(-1);
            } else {
                sum += counts[token];
            }
        }
        assertThat(sum / 200).isBetween(1.48, 1.5);
    }

    @Test
    void skipsCountsThatTheModuleLacks() {
        var errors = new float[] {4, 2, 0, 4, 1, 0};
        var choices = new int[2];
        Allocation.choose(errors, new int[] {0, 1, 4}, new int[2], 0, 2.5, choices);
        assertThat(choices).as("1 and 4 learners").containsExactly(2, 1);
    }

    private static double error(float[] errors, int[] counts) {
        double sum = 0;
        for (int token = 0; token < counts.length; token++) {
            sum += errors[token * (LEARNERS + 1) + counts[token]];
        }
        return sum;
    }

    private static int sum(int[] counts) {
        int sum = 0;
        for (int count : counts) {
            sum += count;
        }
        return sum;
    }

    /** By trying all choices. */
    private static double leastError(float[] errors, int tokens, int cost) {
        double least = Double.POSITIVE_INFINITY;
        int choices = (int) Math.pow(LEARNERS + 1, tokens);
        for (int choice = 0; choice < choices; choice++) {
            var counts = new int[tokens];
            int rest = choice;
            for (int token = 0; token < tokens; token++) {
                counts[token] = rest % (LEARNERS + 1);
                rest /= LEARNERS + 1;
            }
            if (sum(counts) <= cost) {
                least = Math.min(least, error(errors, counts));
            }
        }
        return least;
    }
}
