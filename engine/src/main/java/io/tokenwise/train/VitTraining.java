package io.tokenwise.train;

import io.tokenwise.Classification;
import io.tokenwise.Sessions;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Losses;
import io.tokenwise.autograd.Muon;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Tape;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.RandomShift;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Trains an image classifier on labels, one {@link #step} at a time: cross-entropy with label smoothing on images that are {@linkplain RandomShift
 * varied} each time. Everything random depends on the seed and the step's number alone. Not thread-safe.
 */
public final class VitTraining implements AutoCloseable {
    private static final double CLIP_NORM = 1;
    private static final long WORKSPACE_LIMIT_BYTES = 16L << 30;
    /** A step's gradients are added up over parts of so many images, so that what layers leave for the backward pass stays small. */
    private static final int IMAGES_AT_ONCE = 16;

    private static final int MEASURED_TOKENS = 8_192;
    private static final String STEP = "step";
    private static final String CONSUMED = "consumed";

    private final VitTrainingConfig config;
    private final Encoder model;
    private final LabelledImages images;
    private final Stream stream;
    private final Workspace workspace = new Workspace(WORKSPACE_LIMIT_BYTES);
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();
    private final List<Optimizer> optimizers;
    private final EpochOrder order;
    private final RandomShift variation;
    private final int steps;
    private int step;

    /**
     * @param model dense; it reads images of the given ones' size
     * @param images what is trained on
     */
    public VitTraining(Encoder model, LabelledImages images, VitTrainingConfig config, Backend backend) {
        this.config = config;
        this.model = model;
        this.images = images;
        order = new EpochOrder(images.size(), config.seed());
        variation = new RandomShift(images.width(), config.mirrored());
        steps = Math.toIntExact(
                Math.max(1, Math.ceilDiv((long) config.epochs() * images.size(), config.imagesPerStep())));
        stream = backend.stream();
        pass = new Pass(stream, workspace);
        Map<Kind, List<Parameter>> kinds =
                model.parameters().all().stream().collect(Collectors.groupingBy(VitTraining::kind));
        optimizers = List.of(
                new Muon(model.parameters(), kinds.get(Kind.HIDDEN), workspace, config.decay()),
                new AdamW(model.parameters(), kinds.get(Kind.OUTER), CLIP_NORM, config.decay()),
                new AdamW(model.parameters(), kinds.get(Kind.OTHER), CLIP_NORM, 0));
    }

    /** Which optimizer a parameter has. */
    private enum Kind {
        /** Matrices of the layers. */
        HIDDEN,
        /** Matrices of the patches and the classifier. */
        OUTER,
        /** Vectors, and the table of positions: without decay. */
        OTHER
    }

    private static Kind kind(Parameter parameter) {
        if (parameter.value().rows() == 1 || parameter.name().startsWith("embeddings.position")) {
            return Kind.OTHER;
        }
        return parameter.name().startsWith("encoder.layer.") ? Kind.HIDDEN : Kind.OUTER;
    }

    /** Steps of the whole training. */
    public int steps() {
        return steps;
    }

    /** The number of the next step. */
    public int nextStep() {
        return step;
    }

    /**
     * Does the next step and returns the batch's loss.
     *
     * @throws ArithmeticException if training diverged
     */
    public double step() {
        double loss = 0;
        for (int done = 0; done < config.imagesPerStep(); done += IMAGES_AT_ONCE) {
            int count = Math.min(IMAGES_AT_ONCE, config.imagesPerStep() - done);
            loss += learn(next(count), (double) count / config.imagesPerStep());
        }
        double rate = new CosineSchedule(config.rate(), 0, steps / 20, steps).rate(step);
        optimizers.forEach(optimizer -> optimizer.update(stream, rate));
        step++;
        return loss;
    }

    /** Fills the batch with the next images, varied, and returns their labels. */
    private int[] next(int count) {
        batch.clear();
        var labels = new int[count];
        for (int i = 0; i < count; i++) {
            var random = EpochOrder.random(config.seed() + 1, order.consumed());
            int image = order.next();
            labels[i] = images.labels()[image];
            model.add(batch, variation.of(images.pixels().get(image), random));
        }
        return labels;
    }

    /** Adds the batch's gradients, times its share of the step, to those of the parameters; returns its loss, likewise. */
    private double learn(int[] labels, double share) {
        pass.begin(Budget.FULL, null);
        var tape = new Tape();
        pass.train(tape, null);
        Tensor logits = model.forward(pass, batch);
        Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
        double others = config.smoothing() / logits.columns();
        double loss = Losses.crossEntropy(
                logits, (row, column) -> others + (column == labels[row] ? 1 - config.smoothing() : 0), dLogits);
        for (int i = 0; i < dLogits.size(); i++) {
            dLogits.floats().set(i, (float) (share * dLogits.floats().get(i)));
        }
        var gradients = new Gradients(stream, workspace);
        gradients.add(logits, dLogits);
        tape.backward(gradients, stream, workspace);
        return share * loss;
    }

    /** The share of other images to which the model gives their class. */
    public double right(LabelledImages others) {
        model.prepare(stream);
        try (var sessions = new Sessions(model, model.parameters().backend(), MEASURED_TOKENS, 1)) {
            float[][] logits = sessions.encode(others.pixels(), Budget.FULL, null);
            int right = 0;
            for (int i = 0; i < logits.length; i++) {
                right += Classification.likeliest(logits[i]) == others.labels()[i] ? 1 : 0;
            }
            return (double) right / logits.length;
        }
    }

    /** Writes the state; see {@link TrainingState#write}. */
    void write(Path file, Map<String, String> run) throws IOException {
        TrainingState.write(file, optimizers, Map.of(STEP, (long) step, CONSUMED, order.consumed()), Map.of(), run);
    }

    /** Goes on from a state; see {@link TrainingState#open}. */
    void read(Path file, Map<String, String> run) throws IOException {
        try (var state = TrainingState.open(file, run)) {
            state.restore(optimizers);
            step = (int) state.counter(STEP);
            order.consumed(state.counter(CONSUMED));
        }
    }

    @Override
    public void close() {
        workspace.close();
    }
}
