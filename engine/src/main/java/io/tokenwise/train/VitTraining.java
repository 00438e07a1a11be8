package io.tokenwise.train;

import io.tokenwise.Classification;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.GradientSums;
import io.tokenwise.autograd.Muon;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.model.Encoder;
import io.tokenwise.session.Sessions;
import io.tokenwise.train.MicroBatches.Drawn;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * Trains an image classifier on labels, cross-entropy with label smoothing on images that are {@linkplain Augmentation varied} each time.
 */
final class VitTraining extends EpochTraining {
    private static final int MEASURED_TOKENS = 8_192;
    /** The share of the steps, the first ones, in which images are mixed and patches dropped: at the end the model sees images as they are. */
    private static final double VARIED_STEPS = 0.85;

    private final VitTrainingConfig config;
    private final LabelledImages images;
    private final MicroBatches first;
    private final MicroBatches second;
    private final GradientSums secondSums;

    /** Runs the second half of a step; null if there is one thread in all. */
    private final ExecutorService beside;

    private final List<Optimizer> optimizers;

    /**
     * @param model dense; it reads images of the given ones' size
     * @param images what is trained on
     */
    VitTraining(Encoder model, LabelledImages images, VitTrainingConfig config, Backend backend) {
        super(
                model,
                backend,
                images.size(),
                schedule(images.size(), config.imagesPerStep(), config.epochs(), config.rate()),
                config.seed());
        this.config = config;
        this.images = images;
        Map<Kind, List<Parameter>> kinds =
                model.parameters().all().stream().collect(Collectors.groupingBy(VitTraining::kind));
        optimizers = List.of(
                new Muon(model.parameters(), kinds.get(Kind.HIDDEN), workspace, config.decay()),
                new AdamW(model.parameters(), kinds.get(Kind.OUTER), CLIP_NORM, config.decay()),
                new AdamW(model.parameters(), kinds.get(Kind.OTHER), CLIP_NORM, 0));
        // After the optimizers, which make parameters trainable.
        secondSums = new GradientSums(model.parameters());
        first = new MicroBatches(model, images, config, backend, null);
        second = new MicroBatches(model, images, config, backend, secondSums);
        beside = backend.threads() == 1
                ? null
                : Executors.newSingleThreadExecutor(
                        Thread.ofPlatform().daemon().name("tokenwise-training").factory());
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
        if (parameter.value().rows() == 1 || parameter.kind() == Parameter.Kind.TABLE) {
            return Kind.OTHER;
        }
        return parameter.part() == Parameter.Part.LAYER ? Kind.HIDDEN : Kind.OUTER;
    }

    @Override
    protected List<Optimizer> optimizers() {
        return optimizers;
    }

    @Override
    protected double learn() {
        List<Drawn> drawn = next();
        double loss = learn(drawn.subList(0, drawn.size() / 2), drawn.subList(drawn.size() / 2, drawn.size()));
        secondSums.moveToParameters(stream);
        return loss;
    }

    /** The images of the next step. */
    private List<Drawn> next() {
        var drawn = new ArrayList<Drawn>();
        boolean varying = nextStep() < VARIED_STEPS * steps();
        double dropped = varying ? config.dropped() : 0;
        for (int i = 0; i < config.imagesPerStep(); i++) {
            var random = EpochOrder.random(config.seed() + 1, order.consumed());
            drawn.add(new Drawn(order.next(), varying, dropped, random));
        }
        return drawn;
    }

    /**
     * Two halves at the same time, each by a thread of its own: with two threads a step takes .85 of the time that it takes with both at each
     * operation, since there is less to wait for. More threads help both.
     */
    private double learn(List<Drawn> left, List<Drawn> right) {
        int all = config.imagesPerStep();
        if (beside == null) {
            return first.learn(left, all) + second.learn(right, all);
        }
        var other = CompletableFuture.supplyAsync(() -> second.learn(right, all), beside);
        double loss;
        try {
            loss = first.learn(left, all);
        } finally {
            other.exceptionally(_ -> 0.0).join();
        }
        try {
            return loss + other.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
    }

    /** The share of other images to which the model gives their class. */
    double right(LabelledImages others) {
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

    @Override
    public void close() {
        if (beside != null) {
            beside.close();
        }
        first.close();
        second.close();
        secondSums.close();
        super.close();
    }
}
