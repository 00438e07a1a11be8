package io.tokenwise.nn;

import java.util.List;

/** How attention knows where tokens stand, apart from what is added to their embeddings. */
public sealed interface Positions {
    /** Positions that inputs may have. */
    default int most() {
        return Integer.MAX_VALUE;
    }

    /** The only one of its kind. */
    None NONE = new None();

    /** It does not. */
    record None() implements Positions {}

    /**
     * Queries and keys are turned in pairs of columns, by angles that grow with a token's position (Su et al. 2021).
     *
     * @param rotated columns of each head, the first ones, that are turned; even
     * @param base pair i turns by {@code base ^ (-2i / rotated)} a position
     * @param halves whether a pair is columns {@code i} and {@code i + rotated / 2}; else {@code 2i} and {@code 2i + 1}
     * @param frequencyFactors what each pair's angle is multiplied by, for texts longer than those of training; empty for 1
     * @param most positions that inputs may have
     */
    record Rotary(int rotated, double base, boolean halves, List<Double> frequencyFactors, int most)
            implements Positions {
        /** @throws IllegalArgumentException if columns are no pairs, or factors are not one a pair */
        public Rotary {
            if (rotated < 2 || rotated % 2 != 0) {
                throw new IllegalArgumentException(
                        "rotary positions of " + rotated + " columns: an even number is needed");
            }
            if (!(base > 0) || Double.isInfinite(base)) {
                throw new IllegalArgumentException("the base of rotary positions is " + base + ", must be above 0");
            }
            frequencyFactors = List.copyOf(frequencyFactors);
            if (!frequencyFactors.isEmpty() && frequencyFactors.size() != rotated / 2) {
                throw new IllegalArgumentException("rotary positions have " + frequencyFactors.size()
                        + " frequency factors for " + rotated / 2 + " pairs of columns");
            }
        }

        /** With pairs of halves, unscaled, as most have them. */
        public static Rotary halves(int rotated, double base, int most) {
            return new Rotary(rotated, base, true, List.of(), most);
        }
    }

    /**
     * Scores fall with distance, in each head by a slope of its own (ALiBi, Press et al. 2022), to both sides alike.
     *
     * @param most positions that inputs may have
     */
    record Slopes(int most) implements Positions {}

    /**
     * Scores have products with vectors of distances, which a table has and each layer's Q and K project (He et al. 2021, equation 4): buckets to both sides, of which near
     * distances have one each and far ones share one.
     *
     * @param table its name in files, with {@code .weight}
     * @param norm of its rows, in files
     * @param buckets to each side; the table has twice as many rows
     * @param farthest distance from which all fall into the last bucket
     * @param most positions that inputs may have
     */
    record Relative(String table, String norm, NormForm normForm, int buckets, int farthest, int most)
            implements Positions {
        /** @throws IllegalArgumentException if sides cannot have as many buckets */
        public Relative {
            if (buckets < 4 || buckets % 2 != 0 || farthest < buckets) {
                throw new IllegalArgumentException("position buckets: " + buckets + " to distances of " + farthest
                        + "; an even number from 4 on, and no more than distances, are needed");
            }
        }
    }

    /**
     * To scores is added what a table has for the distance's bucket (T5, Raffel et al. 2020), to both sides apart.
     *
     * @param table its name in files, with {@code .weight}
     * @param buckets rows of the table; even
     * @param farthest distance from which all fall into the last bucket
     * @param most positions that inputs may have
     */
    record Buckets(String table, int buckets, int farthest, int most) implements Positions {
        /** @throws IllegalArgumentException if sides cannot have as many buckets */
        public Buckets {
            if (buckets < 4 || buckets % 4 != 0 || farthest <= buckets / 4) {
                throw new IllegalArgumentException("position buckets: " + buckets + " to distances of " + farthest
                        + "; a multiple of 4, and a distance above a quarter of it, are needed");
            }
        }
    }
}
