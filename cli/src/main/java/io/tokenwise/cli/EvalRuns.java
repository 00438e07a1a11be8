package io.tokenwise.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * The dense model, and all ways of another one ({@link EvalWay}). They take turns, block of inputs by block, so that a task holds one block of inputs and vectors at a
 * time, and whatever else the machine does meets them alike.
 */
final class EvalRuns {
    /** Enough to fill many batches; the vectors of so many inputs take 0.4 MB at 384 values. */
    static final int BLOCK = 256;

    private final EvalRun reference;
    private final List<EvalRun> runs = new ArrayList<>();
    private long done;

    EvalRuns(EvalModels models, EvalOptions options, long seed) {
        EvalWay asItWas = EvalWay.dense(seed);
        var dense = new EvalRun(asItWas, models.teacher());
        runs.add(dense);
        reference = models.reference() == models.teacher() ? dense : new EvalRun(asItWas, models.reference());
        EvalWay.of(models.model().encoder().modules(), options, seed)
                .forEach(way -> runs.add(new EvalRun(way, models.model())));
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
