package io.tokenwise.distill;

import io.tokenwise.acm.Acmizer;
import io.tokenwise.acm.UnitStatistics;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Workspace;
import java.util.List;

/** Makes the untrained student of a dense model. */
public final class Student {
    /** Enough to order the units; the order hardly changes with more. */
    private static final int SAMPLE_TOKENS = 8_192;

    private static final int BATCH_TOKENS = 1_024;

    private Student() {}

    /**
     * A copy of the model whose MLPs are adaptive modules: at full budget it equals the model, its gates are untrained.
     *
     * @param texts token sequences on which the importance of hidden units is measured
     */
    public static Encoder of(ModelFiles files, Backend backend, int learners, List<int[]> texts) {
        Encoder encoder = Encoder.load(files, backend);
        Stream stream = backend.stream();
        try (var workspace = new Workspace(Long.MAX_VALUE)) {
            var pass = new Pass(stream, workspace);
            List<UnitStatistics> statistics =
                    UnitStatistics.measure(encoder.mlps(), () -> runSample(encoder, pass, texts));
            Acmizer.replace(encoder.parameters(), encoder.mlps(), learners, statistics);
            encoder.prepare(stream);
            return encoder;
        } catch (Throwable e) {
            encoder.close();
            throw e;
        }
    }

    private static void runSample(Encoder encoder, Pass pass, List<int[]> texts) {
        var batch = new TokenBatch();
        int tokens = 0;
        for (int i = 0; i < texts.size() && tokens < SAMPLE_TOKENS; i++) {
            batch.add(texts.get(i));
            tokens += texts.get(i).length;
            if (batch.tokens() >= BATCH_TOKENS || i == texts.size() - 1 || tokens >= SAMPLE_TOKENS) {
                encoder.tokens(pass.begin(Budget.FULL, null), batch);
                batch.clear();
            }
        }
    }
}
