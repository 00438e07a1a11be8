package io.tokenwise.train;

import io.tokenwise.backend.Backend;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.NewEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.zip.CRC32;

/**
 * Trains an image classifier from random weights to a directory with the model, with a checkpoint beside it while it runs. Killed and started again
 * with the same arguments it goes on from the checkpoint.
 *
 * @param description what is trained; its sizes and labels fit the images
 * @param images in random order; a tenth, at most 1,000, and what equals them is not trained on but shows the accuracy on the way
 * @param out where the model goes; it must not exist, or be empty
 * @param checkpointSteps how often a checkpoint is written
 * @param stored in which type the model's matrices are stored
 */
public record VitTrainingRun(
        ImageDescription description,
        LabelledImages images,
        VitTrainingConfig config,
        Path out,
        int checkpointSteps,
        StoredType stored) {
    private static final int MOST_HELD_OUT = 1_000;
    private static final int LEAST_IMAGES = 20;

    /** @throws IllegalArgumentException if there are too few images, or they do not fit the description */
    public VitTrainingRun {
        int size = description.architecture().imageSize();
        if (images.width() != size || images.height() != size) {
            throw new IllegalArgumentException("images of " + images.width() + " x " + images.height()
                    + " for a model that reads " + size + " x " + size);
        }
        if (!images.classes().equals(description.labels())) {
            throw new IllegalArgumentException(
                    "images of the classes " + images.classes() + " for a model of " + description.labels());
        }
        if (images.size() < LEAST_IMAGES) {
            throw new IllegalArgumentException("there are " + images.size() + " images; at least " + LEAST_IMAGES
                    + " are needed, and thousands are better");
        }
        if (Arrays.stream(images.labels()).distinct().count() < 2) {
            throw new IllegalArgumentException("all images have the class "
                    + images.classes().get(images.labels()[0]) + "; two or more are needed");
        }
    }

    /** The file that holds the state of an unfinished run. */
    public Path checkpoint() {
        return TrainingOutput.checkpoint(out);
    }

    /**
     * Runs to the end and writes the model.
     *
     * @return the share of the held-out images that it has right
     * @throws InterruptedException if the thread was interrupted; a checkpoint of the last step was written
     * @throws DivergedException if training gave numbers that are none; the last checkpoint is still there
     * @throws io.tokenwise.api.BadFileException if there is a checkpoint, but not of this run
     */
    public double run(Backend backend, TrainingListener listener) throws IOException, InterruptedException {
        try (TrainingOutput output = TrainingOutput.begin(out, ModelWriter.Existing.KEEP)) {
            var loop = new TrainingLoop(output, checkpointSteps, config.epochs(), stored, null, listener);
            int measured = Math.min(MOST_HELD_OUT, images.size() / 10);
            LabelledImages heldOut = images.only(IntStream.range(0, measured).toArray());
            try (Encoder model = NewEncoder.untrained(description, backend);
                    var training = new VitTraining(model, trained(heldOut), config, backend)) {
                VitStart.fill(model, description, images.pixels(), config.seed());
                return loop.run(training, () -> training.right(heldOut), identity(backend));
            }
        }
    }

    private LabelledImages trained(LabelledImages heldOut) {
        Set<IntBuffer> kept = new HashSet<>();
        heldOut.pixels().forEach(pixels -> kept.add(IntBuffer.wrap(pixels)));
        LabelledImages trained = images.only(IntStream.range(heldOut.size(), images.size())
                .filter(i -> !kept.contains(IntBuffer.wrap(images.pixels().get(i))))
                .toArray());
        if (trained.size() == 0) {
            throw new IllegalArgumentException("all images equal those that are held out; give different ones");
        }
        return trained;
    }

    private Map<String, String> identity(Backend backend) {
        var sum = new CRC32();
        for (int i = 0; i < images.size(); i++) {
            int[] pixels = images.pixels().get(i);
            var bytes = ByteBuffer.allocate(Integer.BYTES * (pixels.length + 1)).putInt(images.labels()[i]);
            bytes.asIntBuffer().put(pixels);
            sum.update(bytes.array());
        }
        return TrainingLoop.identity(config, description, "images", images.size(), sum, backend);
    }
}
