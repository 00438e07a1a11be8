package io.tokenwise.cli;

import io.tokenwise.train.TrainingListener;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;

/** Shows a training on stderr. */
final class TrainingProgress implements TrainingListener, AutoCloseable {
    private static final double SMOOTHING = 0.95;

    private final PrintWriter err;
    private final String command;
    private final Path checkpoint;
    private final String inputs;
    private Progress progress;
    private int leftOut;
    private double loss = Double.NaN;
    private double right = Double.NaN;

    /**
     * @param command what the lines begin with
     * @param inputs what the training has several of, such as images
     */
    TrainingProgress(PrintWriter err, String command, Path checkpoint, String inputs) {
        this.err = err;
        this.command = command;
        this.checkpoint = checkpoint;
        this.inputs = inputs;
    }

    @Override
    public void leftOut(int count, int all, String example) {
        leftOut = count;
        err.println("left out: " + count + " of " + all + " " + inputs + ", such as " + example);
    }

    /** Of how many nothing can be learnt. */
    int leftOut() {
        return leftOut;
    }

    @Override
    public void resumed(int nextStep, int steps) {
        err.println("goes on from " + checkpoint + " at step " + nextStep);
        progress = new Progress(err, command, "steps", steps);
        progress.resumeAt(nextStep);
    }

    @Override
    public void step(int done, int steps, double newLoss) {
        if (progress == null) {
            progress = new Progress(err, command, "steps", steps);
        }
        loss = Double.isNaN(loss) ? newLoss : SMOOTHING * loss + (1 - SMOOTHING) * newLoss;
        String accuracy = Double.isNaN(right)
                ? ""
                : String.format(Locale.ROOT, ", %.1f %% of held-out %s right", 100 * right, inputs);
        progress.update(done, String.format(Locale.ROOT, "loss %.4f%s", loss, accuracy));
    }

    @Override
    public void accuracy(int done, double newRight) {
        right = newRight;
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
