package io.tokenwise.server;

import io.tokenwise.ImageClassifier;
import io.tokenwise.SpeechRecognizer;

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

    /** Speech in, text out. */
    record Speech(String name, SpeechRecognizer recognizer) implements ServedModel {
        @Override
        public void close() {
            recognizer.close();
        }
    }
}
