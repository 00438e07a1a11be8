package io.tokenwise.server;

import io.tokenwise.ImageClassifier;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.session.OpenModel;

/** A model that is served, under the name that requests give. */
sealed interface ServedModel {
    /** What requests call it: never a path. */
    String name();

    /** The model in one line, for who starts the server. */
    default String describe() {
        return name() + ": "
                + switch (this) {
                    case Texts texts ->
                        "texts, " + texts.text().encoder().dimensions() + " dimensions, "
                                + backend(texts.text().encoder().model());
                    case Images images ->
                        "images, " + images.classifier().labels().size() + " classes, "
                                + backend(images.classifier().model());
                    case Speech speech ->
                        "speech, " + backend(speech.recognizer().model());
                };
    }

    private static String backend(OpenModel model) {
        return model.backend().name() + " " + model.backend().precision().label();
    }

    /** Texts in, vectors out. */
    record Texts(String name, ServedText text) implements ServedModel {}

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
    }

    /** Speech in, text out. */
    record Speech(String name, SpeechRecognizer recognizer) implements ServedModel {}
}
