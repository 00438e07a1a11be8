package io.tokenwise.session;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.HostTensor;

/** Runs a model once on inputs of zeros: not all that models compute by has a form for devices, and who opens one is to be told, not who calls it first. */
final class DeviceTrial {
    /** Of a text; of more than 32 others decide which tokens leave. */
    private static final int FEW = 8;

    private static final int MANY = 40;

    /** A quarter of a second: some frames. */
    private static final int SAMPLES = 4_000;

    private final ModelFiles files;
    private final Encoder encoder;
    private final Sessions sessions;

    private DeviceTrial(ModelFiles files, Encoder encoder, Sessions sessions) {
        this.files = files;
        this.encoder = encoder;
        this.sessions = sessions;
    }

    /** @throws UnsupportedOperationException if the device lacks something */
    static void run(ModelFiles files, Encoder encoder, Sessions sessions) {
        var trial = new DeviceTrial(files, encoder, sessions);
        trial.at(Budget.FULL, FEW);
        if (encoder.isAdaptive()) {
            trial.at(encoder.budget(.5), FEW);
            trial.at(encoder.budget(.5), MANY);
        }
    }

    private void at(Budget budget, int tokens) {
        InputKind kind = files.description().reads();
        int[] input = new int[length(kind, tokens)];
        sessions.lend(Deadline.NONE, session -> {
            session.batch().clear();
            encoder.add(session.batch(), input);
            Pass pass = session.pass().begin(budget);
            if (kind == InputKind.SOUND) {
                return encoder.writer().write(pass, encoder.tokens(pass, session.batch()), input.length).length;
            }
            try (HostTensor values = pass.stream().read(encoder.forward(pass, session.batch()))) {
                return values.size();
            }
        });
    }

    /** Numbers of an input, of a text of so many tokens. */
    private int length(InputKind kind, int tokens) {
        return switch (kind) {
            case TEXT -> Math.min(tokens, files.description().maxTokens());
            case IMAGE -> {
                int side = files.image().architecture().imageSize();
                yield side * side;
            }
            case SOUND -> Math.max(SAMPLES, files.speech().sound().leastSamples());
        };
    }
}
