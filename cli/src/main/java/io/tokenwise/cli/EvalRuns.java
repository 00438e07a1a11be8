package io.tokenwise.cli;

import io.tokenwise.OpenModel;
import io.tokenwise.cli.Row.Mode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * The dense model, and an adaptive one at each budget as its gates decide, the same under a hard budget, and beside it two controls on
 * the same weights: every token getting the same at equal FLOPs, and the gates' numbers dealt to random tokens. They take turns, block of inputs by block, so
 * that a task holds one block of inputs and vectors at a time, and whatever else the machine does meets them alike.
 */
final class EvalRuns {
    /** Enough to fill many batches; the vectors of so many inputs take 0.4 MB at 384 values. */
    static final int BLOCK = 256;

    private final EvalRun reference;
    private final List<EvalRun> runs = new ArrayList<>();
    private long done;

    EvalRuns(EvalModels models, EvalOptions options, long seed) {
        EvalRun dense = run(Mode.DENSE, 1, models.teacher(), seed);
        runs.add(dense);
        reference = models.reference() == models.teacher() ? dense : run(Mode.DENSE, 1, models.reference(), seed);
        if (models.control()) {
            runs.add(run(Mode.RETRAINED, 1, models.model(), seed));
        } else if (!models.dense()) {
            options.budgets().forEach(budget -> addAdaptive(models.model(), budget, options.seeds(), seed));
        }
    }

    private void addAdaptive(OpenModel model, double budget, int seeds, long seed) {
        runs.add(run(Mode.LEARNED, budget, model, seed));
        // At full budget all learners run, whoever decides.
        if (budget < 1) {
            runs.add(run(Mode.HARD, budget, model, seed));
            runs.add(run(Mode.STATIC, budget, model, seed));
            for (int i = 0; i < seeds; i++) {
                runs.add(run(Mode.RANDOM, budget, model, seed + i));
            }
        }
    }

    private static EvalRun run(Mode mode, double budget, OpenModel model, long seed) {
        return new EvalRun(mode, budget, model, mode.budget(budget, seed));
    }

    /** The dense model's run first. */
    List<EvalRun> all() {
        return runs;
    }

    EvalRun dense() {
        return runs.getFirst();
    }

    /** What a run gives for inputs that are learnt from, not measured. */
    float[][] prepare(EvalRun run, EvalInputs inputs, Progress progress) throws InterruptedException {
        float[][] vectors = run.vectors(inputs);
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        done += inputs.size();
        progress.update(done, "training texts");
        return vectors;
    }

    /**
     * Gives inputs to every run.
     *
     * @param progress told how many inputs were run in all
     * @param use what the task does with what a run gives for them
     */
    void encode(EvalInputs inputs, Progress progress, BiConsumer<EvalRun, float[][]> use) throws InterruptedException {
        float[][] expected = reference == runs.getFirst() ? null : reference.vectors(inputs);
        for (EvalRun run : runs) {
            float[][] vectors = run.measure(inputs);
            expected = expected == null ? vectors : expected;
            run.compare(vectors, expected);
            run.use(() -> use.accept(run, vectors));
            done += inputs.size();
            progress.update(done, run.mode().label());
        }
    }
}
