package io.tokenwise.server;

import io.tokenwise.TextEncoder;
import io.tokenwise.model.TextDescription;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.serving.ServedEncoder;
import io.tokenwise.tokenizer.Tokenizer;

/** A text encoder that is served: what routes for texts have in common. Thread-safe. */
final class ServedText {
    private final TextEncoder encoder;
    private final BudgetDefaults defaults;
    private final Lane<float[]> lane;

    /** Puts the encoder into the queue; that takes some seconds. */
    ServedText(String name, TextEncoder encoder, RequestQueue queue, BudgetDefaults defaults) {
        this.encoder = encoder;
        this.defaults = defaults;
        lane = queue.add(new ServedEncoder(name, encoder.model()));
    }

    TextDescription description() {
        return encoder.model().files().text();
    }

    Tokenizer tokenizer() {
        return encoder.model().files().tokenizer();
    }

    TextEncoder encoder() {
        return encoder;
    }

    /** What budget an ask stands for in this model. */
    BudgetRange range(AskedBudget asked) {
        return defaults.range(asked, lane.model());
    }

    /** Its way into the queue. */
    Lane<float[]> lane() {
        return lane;
    }

    BudgetDefaults defaults() {
        return defaults;
    }
}
