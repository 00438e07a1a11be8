package io.tokenwise.bench.load;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.api.Precision;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.util.List;

/**
 * What is served, and the requests that it gets: one text each.
 *
 * @param targetMillis within which 99 % are to be answered
 */
record ModelUnderLoad(String name, Precision precision, int targetMillis, LoadTexts texts) {
    /** Its texts' vectors are computed on one thread, as the server computes. */
    static ModelUnderLoad open(String name, Precision precision, int targetMillis) throws IOException {
        var options = EngineOptions.defaults()
                .withThreads(1)
                .withBackend(new BackendChoice(BackendChoice.Kind.AUTO, precision));
        try (TextEncoder encoder = TextEncoder.open(name, options)) {
            return new ModelUnderLoad(name, precision, targetMillis, LoadTexts.of(encoder, WordNet.load()));
        }
    }

    long targetNanos() {
        return targetMillis * 1_000_000L;
    }

    /** Those who shed are told by when an answer is wanted; who does not, is not asked to hurry. */
    byte[] request(Controller controller, Load load, Arrival arrival) {
        return EmbeddingCall.request(
                name + "@" + controller.budget(load, arrival),
                List.of(texts.texts().get(arrival.text())),
                controller == Controller.NONE ? 0 : targetMillis);
    }

    /** A request for each of some texts at full budget, with all the time in the world. */
    List<byte[]> fullBudget(List<String> some) {
        return some.stream()
                .map(text -> EmbeddingCall.request(name + "@1", List.of(text), 0))
                .toList();
    }
}
