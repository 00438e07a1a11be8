package io.tokenwise.server;

import io.tokenwise.ImageClassifier;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;

/** A model that is served, under the name that requests give. Closed with the server. */
sealed interface ServedModel extends AutoCloseable {
    /** What requests call it: never a path. */
    String name();

    @Override
    void close();

    /** The model in one line, for who starts the server. */
    default String describe() {
        return name() + ": "
                + switch (this) {
                    case Texts texts ->
                        "texts, " + texts.text().encoder().description().outputs() + " dimensions, "
                                + texts.text().encoder().backend().name();
                    case Images images ->
                        "images, " + images.classifier().description().labels().size() + " classes, "
                                + images.classifier().model().backend().name();
                    case Speech ignored -> "speech";
                };
    }

    /** Texts in, vectors out. */
    record Texts(String name, ServedText text) implements ServedModel {
        @Override
        public void close() {
            text.close();
        }
    }

    /**
     * Images in, classes out.
     *
     * @param lane for images' pixels, as the classifier prepares them; logits out
     */
    record Images(String name, ImageClassifier classifier, Lane<float[]> lane, BudgetDefaults defaults)
            implements ServedModel {
        /** What budget an ask stands for in this model. */
        BudgetRange range(AskedBudget asked) {
            return defaults.range(asked, lane.model());
        }

        @Override
        public void close() {
            classifier.close();
        }
    }

    /** Speech in, text out. */
    record Speech(String name, ServedSpeech speech) implements ServedModel {
        @Override
        public void close() {
            speech.close();
        }
    }
}
