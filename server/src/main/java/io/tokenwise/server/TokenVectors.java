package io.tokenwise.server;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Pass;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Session;
import io.tokenwise.tensor.HostTensor;
import java.util.List;

/** The vectors of texts' tokens after the last layer, at full budget: with a smaller one tokens leave, and those have none. */
final class TokenVectors {
    private TokenVectors() {}

    /** For each input {@code [tokens, hidden]}. Each runs alone, which takes hardly longer than a batch, and needs no more memory than the model's longest text. */
    static List<float[][]> of(OpenModel model, List<int[]> inputs) {
        return model.lend(
                Deadline.NONE,
                session -> inputs.stream()
                        .map(input -> of(model.encoder(), session, input))
                        .toList());
    }

    private static float[][] of(Encoder encoder, Session session, int[] input) {
        session.batch().clear();
        encoder.add(session.batch(), input);
        Pass pass = session.pass().begin(Budget.FULL);
        var vectors = new float[input.length][encoder.hidden()];
        try (HostTensor values = pass.stream().read(encoder.tokens(pass, session.batch()))) {
            for (int token = 0; token < vectors.length; token++) {
                values.copyRow(token, vectors[token], 0);
            }
        }
        session.ran(session.batch());
        return vectors;
    }
}
