package io.tokenwise.server;

import io.tokenwise.ImageClassifier;

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

    /** Images in, classes out. */
    record Images(String name, ImageClassifier classifier) implements ServedModel {
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
