package io.tokenwise.server;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.model.SoundForm;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.RequestQueue;

/** A speech model that is served. Thread-safe. */
final class ServedSpeech {
    private final SpeechRecognizer recognizer;
    private final BudgetDefaults defaults;
    private final Lane<TimedText> lane;

    /** Puts the recogniser into the queue; that takes some seconds. */
    ServedSpeech(String name, SpeechRecognizer recognizer, RequestQueue queue, BudgetDefaults defaults) {
        this.recognizer = recognizer;
        this.defaults = defaults;
        lane = queue.add(new ServedSegments(name, recognizer.model()));
    }

    SpeechRecognizer recognizer() {
        return recognizer;
    }

    /** How it makes frames of samples. */
    SoundForm sound() {
        return recognizer.model().files().speech().sound();
    }

    /** For segments, as {@link ServedSegments#bits}. */
    Lane<TimedText> lane() {
        return lane;
    }

    /** What budget an ask stands for in this model. */
    BudgetRange range(AskedBudget asked) {
        return defaults.range(asked, lane.model());
    }

    BudgetDefaults defaults() {
        return defaults;
    }
}
