package io.tokenwise.bench;

import io.tokenwise.EncoderOptions;
import io.tokenwise.Sessions;
import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.UnitStatistics;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A model in our own engine, below the tokenizer. */
final class OwnModel implements AutoCloseable {
    /** As many as the demo's model has. */
    private static final int LEARNERS = 4;

    private final Backend backend;
    private final Encoder encoder;
    private final Sessions sessions;

    private OwnModel(ModelFiles files, Backend backend) {
        this.backend = backend;
        try (files) {
            encoder = Encoder.load(files, backend);
        }
        sessions = new Sessions(encoder, backend, EncoderOptions.defaults().batchTokens(), 1);
    }

    /** MiniLM as it is. */
    static OwnModel dense(Backend backend) throws IOException {
        return new OwnModel(ModelFiles.builtIn("minilm"), backend);
    }

    /** MiniLM with learners cut from its own units by how they behave on the sample, and gates that know nothing. */
    static OwnModel untrained(Backend backend, List<int[]> sample) throws IOException {
        OwnModel model = dense(backend);
        Encoder encoder = model.encoder;
        List<UnitStatistics> statistics =
                UnitStatistics.measure(encoder.mlps(), () -> model.encode(sample, Budget.FULL));
        Acmizer.replace(encoder.parameters(), encoder.mlps(), LEARNERS, statistics);
        encoder.prepare(backend.stream());
        return model;
    }

    /** A saved adaptive model of MiniLM's sizes. */
    static OwnModel adaptive(Path directory, Backend backend) throws IOException {
        OwnModel model = new OwnModel(ModelFiles.open(directory), backend);
        try (ModelFiles minilm = ModelFiles.builtIn("minilm")) {
            if (!model.encoder
                    .description()
                    .architecture()
                    .equals(minilm.description().architecture())) {
                throw new IllegalArgumentException(
                        directory + ": has other sizes than minilm, which it would be compared with");
            }
            if (model.encoder.acms().isEmpty()) {
                throw new IllegalArgumentException(
                        directory + ": is not adaptive; name a model that demo or distill has made");
            }
            return model;
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    float[][] encode(List<int[]> texts, Budget budget) {
        return sessions.encode(texts, budget, null);
    }

    /** The model at a budget as a contender. */
    Contender contender(String label, Budget budget, boolean exact) {
        String model = encoder.acms().isEmpty() ? "dense" : "acm";
        return new Contender(
                label,
                "tokenwise",
                model,
                budget.share(),
                backend.name(),
                "f32",
                exact,
                texts -> encode(texts, budget));
    }

    @Override
    public void close() {
        sessions.close();
        encoder.close();
    }
}
