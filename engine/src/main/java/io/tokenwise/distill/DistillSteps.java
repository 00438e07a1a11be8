package io.tokenwise.distill;

import io.tokenwise.autograd.GradientNotFiniteException;
import io.tokenwise.train.DivergedException;
import io.tokenwise.train.Measurement;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;

/**
 * The steps of a run as one worker does them. Where workers meet, which one alone does after each step, they take their mean, quality is measured and checkpoints are written.
 *
 * @param identity what must be the same for a run to go on
 * @param history gets all steps
 */
record DistillSteps(
        DistillRun run,
        Distillation distillation,
        Workers workers,
        Checkpoints checkpoints,
        Map<String, String> identity,
        History history,
        DistillRun.Listener listener) {
    /** So often is quality measured on the way. */
    private static final int QUALITIES = 20;

    /**
     * On so many tokens for each that is trained on, but the last time on all texts. A step costs five forward passes, so all that takes a twentieth of
     * the time.
     */
    private static final double MEASURED_SHARE = 0.05 * 5 / QUALITIES;

    private static final long LEAST_MEASURED_TOKENS = 1_000;

    /**
     * Does those that are left.
     *
     * @param heldOut of the worker that measures quality
     */
    void run(Optional<HeldOut> heldOut) throws IOException, InterruptedException {
        Averages averages = Averages.begin(workers, run.checkpoint());
        int met = distillation.nextStep();
        while (distillation.phase() != Distillation.Phase.DONE) {
            stopIfInterrupted();
            Distillation.Phase phase = distillation.phase();
            Distillation.Step step = step();
            history.add(step);
            listener.step(step);
            int next = distillation.nextStep();
            if (next % workers.averageSteps() == 0 || distillation.phase() != phase) {
                meet(averages, heldOut, met);
                met = next;
            }
        }
        workers.meeting().meet("");
    }

    /** @param before steps that were done when workers met the last time */
    private void meet(Averages averages, Optional<HeldOut> heldOut, int before)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        averages.take(distillation.optimizers(), distillation.nextStep());
        checkpoints.forgetOlder();
        if (!workers.isAlone()) {
            listener.averaged(System.nanoTime() - start);
        }
        if (heldOut.isPresent() && isDue(before, Math.ceilDiv(run.config().steps(), QUALITIES))) {
            quality(heldOut.get());
        }
        if (isDue(before, run.checkpointSteps()) || distillation.phase() == Distillation.Phase.DONE) {
            checkpoints.write(distillation, identity, history);
        }
    }

    /** Whether what is done after so many steps has to be done now. */
    private boolean isDue(int before, int steps) {
        return distillation.nextStep() / steps > before / steps;
    }

    private void quality(HeldOut heldOut) {
        DistillConfig config = run.config();
        long tokens =
                Math.max(LEAST_MEASURED_TOKENS, (long) (MEASURED_SHARE * config.steps() * config.tokensPerStep()));
        Measurement.onTheWay(() -> heldOut.quality(distillation.student(), distillation.nextStep(), tokens))
                .ifPresent(quality -> {
                    history.add(quality);
                    listener.quality(quality);
                });
    }

    private void stopIfInterrupted() throws IOException, InterruptedException {
        if (Thread.interrupted()) {
            if (workers.isAlone()) {
                checkpoints.write(distillation, identity, history);
            }
            throw new InterruptedException("distillation stopped before step " + distillation.nextStep());
        }
    }

    private Distillation.Step step() {
        try {
            return distillation.step();
        } catch (GradientNotFiniteException e) {
            String kept = checkpoints.isThere()
                    ? "; the last good state is in " + run.checkpoint()
                            + ", but going on from it meets the same: delete it and start over, with another seed,"
                            + " other data or in f32"
                    : ", and no state before it was kept: look at the model's weights and at the data";
            throw new DivergedException(
                    "training diverged at step " + distillation.nextStep() + " of "
                            + run.config().steps() + " (phase "
                            + (distillation.phase().ordinal() + 1) + "): " + e.getMessage() + kept,
                    e);
        }
    }
}
