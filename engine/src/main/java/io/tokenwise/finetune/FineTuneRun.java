package io.tokenwise.finetune;

import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.GradientNotFiniteException;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.train.DivergedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.stream.IntStream;

/**
 * A fine-tuning from a dense model's files and labels to a directory with the trained model.
 *
 * @param files of the dense model; not closed
 * @param labels a tenth of the different ones, at most 1,000, drawn by the seed, is not trained on but measured on, whatever repeats them
 * @param out where the model goes; it must not exist, or be empty
 */
public record FineTuneRun(ModelFiles files, Labels labels, FineTuneConfig config, Path out) {
    private static final int MOST_HELD_OUT = 1_000;
    private static final int LEAST_EXAMPLES = 20;

    /** Told what happens; called on the thread that runs. */
    @FunctionalInterface
    public interface Listener {
        /**
         * After each step.
         *
         * @param done steps that are done, the last one included
         * @param steps of the whole run
         * @param loss the last batch's
         */
        void step(int done, int steps, double loss);
    }

    /**
     * @throws io.tokenwise.api.BadFileException if the model is no text encoder
     * @throws IllegalArgumentException if there are too few examples, or labels that all say the same
     */
    public FineTuneRun {
        files.text();
        int different = labels.different();
        if (different < LEAST_EXAMPLES) {
            String repeats = different == labels.size() ? "" : different + " different ones among ";
            throw new IllegalArgumentException("there are " + repeats + labels.size() + " labelled examples; at least "
                    + LEAST_EXAMPLES + " different ones are needed, and thousands are better");
        }
        switch (labels) {
            case Labels.Classes classes
            when classes.names().size() < 2 ->
                throw new IllegalArgumentException(
                        "all texts have the class " + classes.names().getFirst() + "; two or more classes are needed");
            case Labels.Pairs pairs
            when Arrays.stream(pairs.scores()).distinct().count() < 2 ->
                throw new IllegalArgumentException("all pairs have the score " + pairs.scores()[0]
                        + "; an order is learnt, so two or more are needed");
            default -> {}
        }
    }

    private record Parts(Labels heldOut, Labels trained) {}

    /** The first of some examples in their order are held out; what repeats these is on neither side. */
    private Parts split(int[] examples) {
        int measured = Math.min(MOST_HELD_OUT, labels.different() / 10);
        var chosen = new HashSet<Object>();
        int[] heldOut = IntStream.of(examples)
                .filter(example -> chosen.size() < measured && chosen.add(labels.content(example)))
                .toArray();
        int[] trained = IntStream.of(examples)
                .filter(example -> !chosen.contains(labels.content(example)))
                .toArray();
        return new Parts(labels.only(heldOut), labels.only(trained));
    }

    /**
     * Runs to the end and writes the model.
     *
     * @return the share of the held-out labels that it has {@linkplain FineTuning#right right}; NaN if they compare nothing
     * @throws InterruptedException if the thread was interrupted; nothing was written
     * @throws DivergedException if training gave numbers that are none; nothing was written
     */
    public double run(Backend backend, Listener listener) throws IOException, InterruptedException {
        ModelWriter.checkTarget(out, ModelWriter.Existing.KEEP);
        var order = new EpochOrder(labels.size(), config.seed());
        Parts parts = split(IntStream.generate(order::next).limit(labels.size()).toArray());
        try (Encoder model = Encoder.load(files, backend);
                var training = new FineTuning(model, parts.trained, config, backend)) {
            for (int step = 0; step < training.steps(); step++) {
                if (Thread.interrupted()) {
                    throw new InterruptedException("fine-tuning stopped before step " + step);
                }
                try {
                    listener.step(step + 1, training.steps(), training.step());
                } catch (GradientNotFiniteException e) {
                    throw new DivergedException(
                            "training diverged at step " + step + " of " + training.steps() + ": " + e.getMessage()
                                    + "; a smaller rate than " + config.rate() + " may help",
                            e);
                }
            }
            model.save(out, files.tokenizer(), ModelWriter.Existing.KEEP);
            return training.right(parts.heldOut);
        }
    }
}
