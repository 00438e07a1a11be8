package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.distill.Agreement;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.History;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;

/** Shows a distillation on stderr: phase, steps done, rate, time left, the loss smoothed over some steps, and quality on held-out text; then how far its calibration is. */
final class DistillProgress implements DistillRun.Listener, AutoCloseable {
    private static final double SMOOTHING = 0.95;

    private final PrintWriter err;
    private final DistillRun run;
    private final AfterTraining after;
    private Progress progress;
    private Distillation.Phase phase;
    private double loss;

    /** Agreement with the teacher; NaN until it is measured. */
    private double heldOut = Double.NaN;

    /** What is done with a model that was written; see {@link DistillRun.Listener#written}. */
    @FunctionalInterface
    interface AfterTraining {
        void accept(History history) throws IOException, InterruptedException;
    }

    private DistillProgress(DistillRun run, PrintWriter err, AfterTraining after) {
        this.run = run;
        this.err = err;
        this.after = after;
    }

    /** Runs the distillation and shows it. */
    static void run(DistillRun run, Backend backend, PrintWriter err, AfterTraining after)
            throws IOException, InterruptedException {
        try (var shown = new DistillProgress(run, err, after)) {
            run.run(backend, shown);
        }
    }

    @Override
    public void resumed(int nextStep, History history) {
        start();
        err.println("goes on from " + run.checkpoint() + " at step " + nextStep);
        progress.resumeAt(nextStep);
        if (!history.qualities().isEmpty()) {
            heldOut = history.qualities().getLast().agreement();
        }
    }

    @Override
    public void step(Distillation.Step step) {
        start();
        loss = step.phase() == phase ? SMOOTHING * loss + (1 - SMOOTHING) * step.loss() : step.loss();
        phase = step.phase();
        String quality = Double.isNaN(heldOut)
                ? ""
                : String.format(
                        Locale.ROOT,
                        ", held-out %s %.4f%s",
                        Agreement.name(run.files().description()),
                        heldOut,
                        run.shorterTexts().isPresent()
                                ? " with half of the words"
                                : run.config().fixed().isEmpty() ? " at half budget" : "");
        progress.update(step.step() + 1, String.format(Locale.ROOT, "%s, loss %.4f%s", name(phase), loss, quality));
    }

    @Override
    public void quality(History.Quality quality) {
        heldOut = quality.agreement();
    }

    @Override
    public void trained() {
        close();
        if (!run.config().fixed().isEmpty() || run.shorterTexts().isPresent()) {
            return;
        }
        err.println("calibrates budgets on " + run.heldOut().size() + " held-out "
                + run.files().description().inputs());
    }

    @Override
    public void calibrated(int done, int all) {
        if (progress == null) {
            progress = new Progress(err, "calibrate", "measurements", all);
        }
        progress.update(done, "");
        if (done == all) {
            close();
        }
    }

    @Override
    public void written(History history) throws IOException, InterruptedException {
        after.accept(history);
    }

    /** Not before there is something to show: a run that is refused shows nothing. */
    private void start() {
        if (progress == null) {
            progress = new Progress(err, "distill", "steps", run.config().steps());
        }
    }

    private static String name(Distillation.Phase phase) {
        return switch (phase) {
            case LEARNERS -> "phase 1 of 3: learners imitate what they replace";
            case GATES -> "phase 2 of 3: gates learn whom to give what";
            case END_TO_END -> "phase 3 of 3: all together";
            case DONE -> "done";
        };
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
            progress = null;
        }
    }
}
