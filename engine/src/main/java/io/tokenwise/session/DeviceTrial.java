package io.tokenwise.session;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.SpeechDescription;
import io.tokenwise.model.TextDescription;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;

/** Runs a model once on inputs of zeros: not all that models compute by has a form for devices, and who opens one is to be told, not who calls it first. */
final class DeviceTrial {
    /** Of a text; of more than 32 others decide which tokens leave. */
    private static final int FEW = 8;

    private static final int MANY = 40;

    /** A quarter of a second: some frames. */
    private static final int SAMPLES = 4_000;

    private final Encoder encoder;
    private final Sessions sessions;

    private DeviceTrial(Encoder encoder, Sessions sessions) {
        this.encoder = encoder;
        this.sessions = sessions;
    }

    /** @throws UnsupportedOperationException if the device lacks something */
    static void run(Encoder encoder, Sessions sessions) {
        var trial = new DeviceTrial(encoder, sessions);
        trial.at(Budget.FULL, FEW);
        if (encoder.isAdaptive()) {
            trial.at(encoder.budget(.5), FEW);
            trial.at(encoder.budget(.5), MANY);
        }
    }

    private void at(Budget budget, int tokens) {
        int[] input = new int[length(encoder.description(), tokens)];
        sessions.lend(Deadline.NONE, session -> {
            session.batch().clear();
            encoder.add(session.batch(), input);
            Pass pass = session.pass().begin(budget);
            if (encoder.description() instanceof SpeechDescription) {
                return encoder.writer().write(pass, encoder.tokens(pass, session.batch()), input.length).length;
            }
            try (HostTensor values = pass.stream().read(encoder.forward(pass, session.batch()))) {
                return values.size();
            }
        });
    }

    /** Numbers of an input, of a text of so many tokens. */
    private static int length(ModelDescription model, int tokens) {
        return switch (model) {
            case TextDescription text -> Math.min(tokens, text.maxTokens());
            case ImageDescription image ->
                image.architecture().imageSize() * image.architecture().imageSize();
            case SpeechDescription speech -> Math.max(SAMPLES, speech.sound().leastSamples());
        };
    }
}
