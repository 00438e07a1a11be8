package io.tokenwise.finetune;

import io.tokenwise.api.BadFileException;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.train.DivergedException;
import io.tokenwise.train.TrainingListener;
import io.tokenwise.train.TrainingLoop;
import io.tokenwise.train.TrainingOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * A fine-tuning from a dense model's files and labels to a directory with the trained model, with a checkpoint beside it while it runs. Killed and started again with the same arguments it
 * goes on from the checkpoint.
 *
 * @param files of the dense model; not closed
 * @param labels a tenth of the different ones, at most 1,000, drawn by the seed, is not trained on but measured on, whatever repeats them
 * @param out where the model goes; it must not exist, or be empty
 * @param checkpointSteps how often a checkpoint is written
 */
public record FineTuneRun(ModelFiles files, Labels labels, FineTuneConfig config, Path out, int checkpointSteps) {
    private static final int MOST_HELD_OUT = 1_000;
    private static final int LEAST_EXAMPLES = 20;

    /**
     * @throws BadFileException if the model is no text encoder, or one without layers
     * @throws IllegalArgumentException if there are too few examples, or labels that all say the same
     */
    public FineTuneRun {
        if (files.text().architecture().layers() == 0) {
            throw new BadFileException(
                    files.text().name(), "is a table of tokens' vectors, without layers that could be trained");
        }
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

    /** The file that holds the state of an unfinished run. */
    public Path checkpoint() {
        return TrainingOutput.checkpoint(out);
    }

    /**
     * Runs to the end and writes the model.
     *
     * @return the share of the held-out labels that it has {@linkplain FineTuning#right right}; NaN if they compare nothing
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     * @throws BadFileException if there is a checkpoint, but not of this run
     */
    public double run(Backend backend, TrainingListener listener) throws IOException, InterruptedException {
        try (TrainingOutput output = TrainingOutput.begin(out, ModelWriter.Existing.KEEP)) {
            var loop = new TrainingLoop(
                    output, checkpointSteps, config.epochs(), StoredType.F32, files.tokenizer(), listener);
            var order = new EpochOrder(labels.size(), config.seed());
            Parts parts =
                    split(IntStream.generate(order::next).limit(labels.size()).toArray());
            try (Encoder model = Encoder.load(files, backend);
                    var training = new FineTuning(model, parts.trained, config, backend)) {
                return loop.run(training, () -> training.right(parts.heldOut), identity(model, backend));
            }
        }
    }

    private Map<String, String> identity(Encoder model, Backend backend) {
        var sum = new CRC32();
        labels.addTo(sum);
        var identity = new HashMap<>(
                TrainingLoop.identity(config, files.description(), "labels", labels.size(), sum, backend));
        identity.put(
                "weights",
                "those with checksum " + Long.toHexString(model.parameters().checksum()));
        return identity;
    }
}
