package io.tokenwise.server;

import io.tokenwise.ImageClassifier;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;

/** A model that is served, under the name that requests give. Closed with the server. */
sealed interface ServedModel extends AutoCloseable {
    /** What requests call it: never a path. */
    String name();

    @Override
    void close();

    /** Texts in, vectors out. */
    record Texts(String name, ServedText text) implements ServedModel {
        @Override
        public void close() {
            text.close();
        }
    }

    /** Images in, classes out. */
    record Images(String name, ImageClassifier classifier) implements ServedModel {
        @Override
        public void close() {
            classifier.close();
        }
    }

    /**
     * Speech in, text out.
     *
     * @param lane for its segments, {@link ServedSegments}
     */
    record Speech(String name, SpeechRecognizer recognizer, Lane<TimedText> lane, BudgetDefaults defaults)
            implements ServedModel {
        /** What budget an ask stands for in this model. */
        BudgetRange range(AskedBudget asked) {
            return switch (asked) {
                case AskedBudget.Share share ->
                    BudgetRange.pinned(lane.model().budget(share.share()));
                case AskedBudget.Auto ignored ->
                    BudgetRange.floating(lane.model().budget(defaults.least()), Budget.FULL);
            };
        }

        @Override
        public void close() {
            recognizer.close();
        }
    }
}
