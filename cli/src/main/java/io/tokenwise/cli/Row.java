package io.tokenwise.cli;

import io.tokenwise.api.Budget;
import java.util.OptionalDouble;

/**
 * What one way to run a model gave and cost.
 *
 * @param mode how the learners were chosen
 * @param budget share of the replaced layers' dense FLOPs that could be spent, 0..1; 1 for {@code dense}
 * @param meanLearners learners that ran, mean over tokens and layers; where tokens leave, the share of those that stay; NaN for {@code dense}
 * @param flopsPerToken multiply-adds per token of the whole model
 * @param millisShort milliseconds per short input
 * @param millisLong milliseconds per long input
 * @param agreement mean cosine to what the dense model gives, of scores their correlation
 * @param kept of texts' vectors the share of the dense model's ten nearest neighbours that are still among the ten, of classes and scores what {@link
 *     io.tokenwise.distill.Agreement#kept} is, 0..1; NaN if not measured
 * @param spearman rank correlation with human scores, where it was measured
 */
record Row(
        Mode mode,
        double budget,
        double meanLearners,
        double flopsPerToken,
        double millisShort,
        double millisLong,
        double agreement,
        double kept,
        OptionalDouble spearman) {

    /** How learners are chosen for a token. */
    enum Mode {
        /** The model as it was, without learners. */
        DENSE("dense", "the model as it was"),
        /** By the gate, token by token. */
        LEARNED("learned", "the gate decides for every token"),
        /** By the gate, and never more than the budget, not even for one text. */
        HARD("hard", "the gate decides, and no text costs more than its budget"),
        /** The same number for every token: the model made narrower. */
        STATIC("static", "every token gets the same"),
        /** The gates' numbers, dealt to random tokens of the same layer: the same mean, blindly given. */
        RANDOM("random", "the gates' numbers, dealt to random tokens"),
        /** A control that was trained without gates. */
        RETRAINED("retrained", "a control: every token gets what each module was trained for");

        private final String label;
        private final String meaning;

        Mode(String label, String meaning) {
            this.label = label;
            this.meaning = meaning;
        }

        /** The request for a share that is spent this way; the seed is that of {@link #RANDOM}. */
        Budget budget(double share, Budget.Unit unit, long seed) {
            return switch (this) {
                case DENSE, RETRAINED -> Budget.FULL;
                case LEARNED -> Budget.of(share, unit, Budget.Routing.LEARNED, 0);
                case HARD -> Budget.of(share, unit, Budget.Routing.HARD, 0);
                case STATIC -> Budget.of(share, unit, Budget.Routing.STATIC, 0);
                case RANDOM -> Budget.of(share, unit, Budget.Routing.RANDOM, seed);
            };
        }

        String label() {
            return label;
        }

        /** The name that JSON has for it. */
        String inJson() {
            return this == LEARNED ? "soft" : label;
        }

        String meaning() {
            return meaning;
        }
    }
}
