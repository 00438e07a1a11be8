package io.tokenwise.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * Does a training's steps, with a checkpoint now and then, from which a run that was killed goes on.
 *
 * @param right the share of what was held out that the model has right now
 * @param checkpoint the file that holds the state of an unfinished run
 * @param checkpointSteps how often it is written
 * @param epochs of the whole training; after each but the last the listener is told what is right
 * @param identity what must be the same for a run to go on, by the names that a message has for it
 */
record TrainingLoop(
        Training training,
        DoubleSupplier right,
        Path checkpoint,
        int checkpointSteps,
        int epochs,
        Map<String, String> identity,
        TrainingListener listener) {
    /** What is trained, step by step. */
    interface Training {
        /** Steps of the whole training. */
        int steps();

        /** The number of the next step. */
        int nextStep();

        /**
         * Does the next step and returns its loss.
         *
         * @throws ArithmeticException if training diverged
         */
        double step();

        /** Its peak learning rate. */
        double rate();

        /** Writes the state; see {@link TrainingState#write}. */
        void write(Path file, Map<String, String> run) throws IOException;

        /** Goes on from a state; see {@link TrainingState#open}. */
        void read(Path file, Map<String, String> run) throws IOException;
    }

    /**
     * Goes on from the checkpoint, if there is one, to the end.
     *
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     */
    void run() throws IOException, InterruptedException {
        if (Files.exists(checkpoint)) {
            training.read(checkpoint, identity);
            listener.resumed(training.nextStep(), training.steps());
        }
        int steps = training.steps();
        int epoch = Math.ceilDiv(steps, epochs);
        while (training.nextStep() < steps) {
            if (Thread.interrupted()) {
                training.write(checkpoint, identity);
                throw new InterruptedException("training stopped before step " + training.nextStep());
            }
            double loss = step();
            int done = training.nextStep();
            listener.step(done, steps, loss);
            if (done % epoch == 0 && done < steps) {
                listener.accuracy(done, right.getAsDouble());
            }
            if (done % checkpointSteps == 0 && done < steps) {
                training.write(checkpoint, identity);
            }
        }
    }

    private double step() {
        try {
            return training.step();
        } catch (ArithmeticException e) {
            throw new DivergedException(
                    "training diverged at step " + training.nextStep() + " of " + training.steps() + ": "
                            + e.getMessage() + "; a smaller rate than " + training.rate() + " or another seed may help"
                            + (Files.exists(checkpoint) ? "; " + checkpoint + " has the last good state" : ""),
                    e);
        }
    }
}
