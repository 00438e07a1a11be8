package io.tokenwise.server;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Deadline;
import io.tokenwise.model.TextDescription;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import io.tokenwise.serving.RequestQueue;
import io.tokenwise.serving.ServedEncoder;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

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

    /**
     * The vectors of inputs, later: accepted as one or refused as one. Cancelling it takes back what does not run yet.
     *
     * @param inputs token ids, special ones included
     * @throws io.tokenwise.serving.OverloadedException if they are not accepted
     */
    CompletableFuture<List<Answer<float[]>>> submit(List<int[]> inputs, BudgetRange range, Deadline deadline) {
        return Together.all(lane.submitAll(inputs.stream()
                .map(input -> new Request(input, deadline, range))
                .toList()));
    }
}
