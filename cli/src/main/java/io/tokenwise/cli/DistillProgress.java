package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Distillation;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;

/** Shows a distillation on stderr: the phase, tokens done, rate, time left, and the losses smoothed over some steps. */
final class DistillProgress implements DistillRun.Listener, AutoCloseable {
    private static final double SMOOTHING = 0.95;

    private final PrintWriter err;
    private final DistillRun run;
    private Progress progress;
    private Distillation.Phase phase;
    private long tokens;
    private double loss;
    private double budgetLoss;

    private DistillProgress(DistillRun run, PrintWriter err) {
        this.run = run;
        this.err = err;
    }

    /** Runs the distillation and shows it. */
    static void run(DistillRun run, Backend backend, PrintWriter err) throws IOException, InterruptedException {
        try (var shown = new DistillProgress(run, err)) {
            run.run(backend, shown);
        }
    }

    @Override
    public void resumed(int nextStep) {
        err.println("goes on from " + run.checkpoint() + ", step " + nextStep + " of "
                + run.config().steps());
    }

    @Override
    public void step(Distillation.Step step) {
        if (step.phase() != phase) {
            close();
            phase = step.phase();
            tokens = 0;
            loss = step.loss();
            budgetLoss = step.budgetLoss();
            long total = (long) remaining(step) * run.config().tokensPerStep();
            progress = new Progress(err, name(phase), "tokens", total);
        }
        // A batch ends with a whole text, so it has a few tokens more; progress counts what was planned.
        tokens += run.config().tokensPerStep();
        loss = SMOOTHING * loss + (1 - SMOOTHING) * step.loss();
        budgetLoss = SMOOTHING * budgetLoss + (1 - SMOOTHING) * step.budgetLoss();
        String note = String.format(Locale.ROOT, "loss %.4f", loss);
        progress.update(
                tokens,
                phase == Distillation.Phase.END_TO_END
                        ? note + String.format(Locale.ROOT, ", off budget by %.3f", budgetLoss)
                        : note);
    }

    /** Steps of the phase from this one to its end. */
    private int remaining(Distillation.Step step) {
        int learners = run.config().learnerSteps();
        int gates = run.config().gateSteps();
        int end =
                switch (step.phase()) {
                    case LEARNERS -> learners;
                    case GATES -> learners + gates;
                    case END_TO_END, DONE -> run.config().steps();
                };
        return end - step.step();
    }

    private static String name(Distillation.Phase phase) {
        return switch (phase) {
            case LEARNERS -> "phase 1 of 3, learners";
            case GATES -> "phase 2 of 3, gates";
            case END_TO_END -> "phase 3 of 3, end to end";
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
