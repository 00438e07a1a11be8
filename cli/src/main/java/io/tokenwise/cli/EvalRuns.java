package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.cli.Row.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * The dense model, and an adaptive one at each budget as its gates decide, the same under a hard budget, and beside it two controls on
 * the same weights: every token getting the same at equal FLOPs, and the gates' numbers dealt to random tokens. They take turns, block of texts by block, so
 * that a task holds one block of texts and vectors at a time, and whatever else the machine does meets them alike.
 */
final class EvalRuns {
    /** Enough to fill many batches; the vectors of so many texts take 0.4 MB at 384 values. */
    static final int BLOCK_TEXTS = 256;

    private final EvalRun reference;
    private final List<EvalRun> runs = new ArrayList<>();
    private long done;

    EvalRuns(EvalModels models, EvalOptions options, long seed) {
        EvalRun dense = run(Mode.DENSE, 1, models.teacher(), options, seed);
        runs.add(dense);
        reference =
                models.reference() == models.teacher() ? dense : run(Mode.DENSE, 1, models.reference(), options, seed);
        if (models.control()) {
            runs.add(run(Mode.RETRAINED, 1, models.model(), options, seed));
        } else if (!models.dense()) {
            options.budgets().forEach(budget -> addAdaptive(models.model(), budget, options, seed));
        }
    }

    private void addAdaptive(TextEncoder model, double budget, EvalOptions options, long seed) {
        runs.add(run(Mode.LEARNED, budget, model, options, seed));
        // At full budget all learners run, whoever decides.
        if (budget < 1) {
            runs.add(run(Mode.HARD, budget, model, options, seed));
            runs.add(run(Mode.STATIC, budget, model, options, seed));
            for (int i = 0; i < options.seeds(); i++) {
                runs.add(run(Mode.RANDOM, budget, model, options, seed + i));
            }
        }
    }

    private static EvalRun run(Mode mode, double budget, TextEncoder encoder, EvalOptions options, long seed) {
        return new EvalRun(mode, budget, encoder, mode.budget(budget, seed), options.maxTokens());
    }

    /** The dense model's run first. */
    List<EvalRun> all() {
        return runs;
    }

    EvalRun dense() {
        return runs.getFirst();
    }

    /** A run's vectors of texts that are learnt from, not measured. */
    float[][] prepare(EvalRun run, List<String> texts, Embed.Kind kind, Progress progress) throws InterruptedException {
        float[][] vectors = run.vectors(texts, kind);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        done += texts.size();
        progress.update(done, "training texts");
        return vectors;
    }

    /**
     * Gives texts to every run.
     *
     * @param progress told how many texts were run in all
     * @param use what the task does with a run's vectors of these texts
     */
    void encode(List<String> texts, Embed.Kind kind, Progress progress, BiConsumer<EvalRun, float[][]> use)
            throws InterruptedException {
        float[][] expected = reference == runs.getFirst() ? null : reference.vectors(texts, kind);
        for (EvalRun run : runs) {
            float[][] vectors = run.measure(texts, kind);
            expected = expected == null ? vectors : expected;
            run.compare(vectors, expected);
            run.use(() -> use.accept(run, vectors));
            done += texts.size();
            progress.update(done, run.mode().label());
        }
    }
}
