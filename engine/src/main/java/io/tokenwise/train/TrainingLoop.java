package io.tokenwise.train;

import io.tokenwise.autograd.GradientNotFiniteException;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.zip.CRC32;

/**
 * Does a training's steps to a directory with the model, with a checkpoint beside it now and then, from which a run that was killed goes on.
 *
 * @param output where the model goes
 * @param checkpointSteps how often a checkpoint is written
 * @param epochs of the whole training; after each but the last the listener is told what is right
 * @param stored in which type the model's matrices are stored
 * @param tokenizer the model's; null if it reads no text
 */
public record TrainingLoop(
        TrainingOutput output,
        int checkpointSteps,
        int epochs,
        StoredType stored,
        Tokenizer tokenizer,
        TrainingListener listener) {
    /** What must be the same for a run to go on, by the names that a message has for it. */
    public static Map<String, String> identity(
            Record config, ModelDescription model, String examples, int count, CRC32 sum, Backend backend) {
        return Map.of(
                "settings",
                config.toString(),
                "model",
                model.architecture().toString(),
                examples,
                count + " with checksum " + Long.toHexString(sum.getValue()),
                "backend",
                backend.kind().label(),
                "precision",
                backend.precision().label());
    }

    /**
     * Goes on from the checkpoint, if there is one, to the end, and writes the model.
     *
     * @param right the share of what was held out that the model has right now
     * @param identity see {@link #identity}
     * @return what is right at the end
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     * @throws io.tokenwise.api.BadFileException if there is a checkpoint, but not of this run
     */
    public double run(EpochTraining training, DoubleSupplier right, Map<String, String> identity)
            throws IOException, InterruptedException {
        Path checkpoint = output.checkpoint();
        if (Files.exists(checkpoint)) {
            training.read(checkpoint, identity);
            listener.resumed(training.nextStep(), training.steps());
        }
        int steps = training.steps();
        output.check(training.nextStep() == steps);
        int epoch = Math.ceilDiv(steps, epochs);
        while (training.nextStep() < steps) {
            if (Thread.interrupted()) {
                training.write(checkpoint, identity);
                throw new InterruptedException("training stopped before step " + training.nextStep());
            }
            double loss = step(training);
            int done = training.nextStep();
            listener.step(done, steps, loss);
            if (done % epoch == 0 && done < steps) {
                Measurement.onTheWay(right::getAsDouble).ifPresent(share -> listener.accuracy(done, share));
            }
            if (done % checkpointSteps == 0 || done == steps) {
                training.write(checkpoint, identity);
            }
        }
        double share = Measurement.atTheEnd(right::getAsDouble);
        output.save(training.model, tokenizer, stored);
        Files.deleteIfExists(checkpoint);
        return share;
    }

    private double step(EpochTraining training) {
        try {
            return training.step();
        } catch (GradientNotFiniteException e) {
            Path checkpoint = output.checkpoint();
            throw new DivergedException(
                    "training diverged at step " + training.nextStep() + " of " + training.steps() + ": "
                            + e.getMessage() + "; a smaller rate than " + training.rate() + " or another seed may help"
                            + (Files.exists(checkpoint) ? "; " + checkpoint + " has the last good state" : ""),
                    e);
        }
    }
}
