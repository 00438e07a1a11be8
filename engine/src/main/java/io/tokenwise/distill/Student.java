package io.tokenwise.distill;

import io.tokenwise.acm.config.AcmConfig;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.AdaptiveConfig;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.Objective;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import java.util.List;
import java.util.Optional;

/** Makes the student of a distillation. */
public final class Student {
    /** Enough to order units; the order hardly changes with more. */
    private static final int SAMPLE_TOKENS = 8_192;

    private static final int BATCH_TOKENS = 1_024;

    /** Of a decoder, which writes one at a time. */
    private static final int WRITTEN_TOKENS = 1_024;

    private Student() {}

    /**
     * A copy of a dense model with adaptive layers: at full budget it equals the model, its gates are untrained. A control's modules are fixed. An
     * adaptive model is its own student, which goes on learning.
     *
     * @param config of an adaptive model {@linkplain DistillConfig#goingOn its own}
     * @param inputs by which is measured what matters
     * @throws IllegalArgumentException if the model is adaptive, but the configuration is for another
     */
    public static Encoder of(ModelFiles files, Backend backend, DistillConfig config, List<int[]> inputs) {
        AdaptiveConfig known = AdaptiveConfig.of(files.description());
        Optional<AcmConfig> acm = known.acm();
        if (known.shortPath().isPresent()) {
            return Encoder.load(files, backend);
        }
        if (acm.isEmpty() && config.layers().tokens()) {
            return shortPath(files, backend, config, inputs);
        }
        if (acm.isEmpty()) {
            return untrained(files, backend, config, inputs);
        }
        if (!acm.get().fixed().isEmpty()
                || !config.fixed().isEmpty()
                || !config.layers().equals(acm.get().layers())
                || config.learnerSteps() + config.gateSteps() > 0) {
            throw new IllegalArgumentException(files.description().name() + " is adaptive already ("
                    + acm.get().layers() + "): it can go on learning as it is, by steps of phase 3");
        }
        return Encoder.load(files, backend);
    }

    private static Encoder shortPath(ModelFiles files, Backend backend, DistillConfig config, List<int[]> inputs) {
        Encoder encoder = NewEncoder.withShortPath(
                files, backend, some -> runSample(some, backend, inputs), EpochOrder.random(config.seed(), 0));
        try {
            PlanCalibrator.order(encoder, backend, sample(encoder, inputs));
            return encoder;
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    /** The first inputs, with {@link #SAMPLE_TOKENS} tokens. */
    private static List<int[]> sample(Encoder encoder, List<int[]> inputs) {
        int tokens = 0;
        int some = 0;
        while (some < inputs.size() && tokens < SAMPLE_TOKENS) {
            tokens += encoder.description().tokens(inputs.get(some++));
        }
        return inputs.subList(0, some);
    }

    private static Encoder untrained(ModelFiles files, Backend backend, DistillConfig config, List<int[]> inputs) {
        Encoder encoder = Encoder.load(files, backend);
        Stream stream = backend.stream();
        try (var workspace = backend.workspace(Long.MAX_VALUE)) {
            var pass = new Pass(stream, workspace);
            Acmizer.replace(encoder.parameters(), encoder.slots(), config.layers(), () -> {
                runSample(encoder, pass, inputs);
                if (encoder.description().objective() == Objective.NEXT_TOKENS) {
                    writeSample(encoder, backend, inputs);
                }
            });
            Acmizer.fix(encoder.acms(), config.fixed());
            encoder.prepare(stream);
            return encoder;
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    private static void runSample(Encoder encoder, Backend backend, List<int[]> inputs) {
        try (var workspace = backend.workspace(Long.MAX_VALUE)) {
            runSample(encoder, new Pass(backend.stream(), workspace), inputs);
        }
    }

    private static void runSample(Encoder encoder, Pass pass, List<int[]> inputs) {
        var batch = new TokenBatch();
        int tokens = 0;
        for (int i = 0; i < inputs.size() && tokens < SAMPLE_TOKENS; i++) {
            encoder.add(batch, inputs.get(i));
            tokens += encoder.description().tokens(inputs.get(i));
            if (batch.tokens() >= BATCH_TOKENS || i == inputs.size() - 1 || tokens >= SAMPLE_TOKENS) {
                encoder.tokens(pass.begin(Budget.FULL), batch);
                batch.clear();
            }
        }
    }

    /** A decoder is measured on what it writes. */
    private static void writeSample(Encoder encoder, Backend backend, List<int[]> recordings) {
        try (var written = new WrittenTexts(encoder, backend)) {
            int tokens = 0;
            for (int i = 0; i < recordings.size() && tokens < WRITTEN_TOKENS; i++) {
                var batch = new TokenBatch();
                encoder.add(batch, recordings.get(i));
                tokens += written.of(batch).tokens();
            }
        }
    }
}
