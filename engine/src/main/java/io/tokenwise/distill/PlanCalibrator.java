package io.tokenwise.distill;

import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.NarrowLayers;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.acm.leave.ShortPlan;
import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.Objective;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.train.Measurement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Measures what the plans of a short path lose on held-out inputs of some lengths: by that the best plan for a budget is found. Of texts' vectors it is how much their cosines to the nearest
 * other texts are scattered ({@link NearestTexts}), of classes and scores how far they are from the dense model's ({@link TokenValues#loss}).
 */
final class PlanCalibrator {
    private static final List<Double> SHARES = List.of(0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0);

    /** Losses are written with so many digits: others of another text would differ by more. */
    private static final double WRITTEN = 1e5;

    private static final int SHORTEST = 8;
    private static final int BATCH_TOKENS = 1_024;

    /** Any that is less than all. */
    private static final Budget SHORT = Budget.flops(0.5);

    private final Encoder model;
    private final Leaving leaving;
    private final Pass pass;
    private final double spread;

    private PlanCalibrator(Encoder model, Pass pass, List<int[]> inputs) {
        this.model = model;
        this.leaving = model.leaving().orElseThrow();
        this.pass = pass;
        spread = model.description().objective() == Objective.SCORES
                ? ScoreSpread.of(vectors(inputs, -1, 1))
                : ScoreSpread.NONE;
    }

    /**
     * Tells the model what its plans lose of these inputs. Of several workers each measures some of the lengths, and all are told of all.
     *
     * @throws InterruptedException if the thread is interrupted
     */
    static void calibrate(
            Encoder model, Backend backend, List<int[]> inputs, Workers workers, DistillRun.Listener listener)
            throws IOException, InterruptedException {
        List<Integer> lengths = model.description().measuredLengths(SHORTEST);
        int[] ownLengths = IntStream.range(0, lengths.size())
                .filter(i -> i % workers.count() == workers.rank())
                .map(lengths::get)
                .toArray();
        Runnable afterEach =
                Calibrator.telling(listener, ownLengths.length * counts(model).size() * SHARES.size());
        String own = Measurement.atTheEnd(() -> {
            try (var workspace = backend.workspace(Sessions.memoryLimit(
                    model, BATCH_TOKENS + model.description().maxTokens()))) {
                var calibrator = new PlanCalibrator(model, new Pass(backend.stream(), workspace), inputs);
                return IntStream.of(ownLengths)
                        .mapToObj(length ->
                                calibrator.losses(Calibrator.ofLength(inputs, length, model.description()), afterEach))
                        .map(losses ->
                                losses.stream().map(PlanCalibrator::words).collect(Collectors.joining(";")))
                        .collect(Collectors.joining("|"));
            }
        });
        List<String> all = workers.meeting().meet(own);
        List<List<List<Double>>> losses = IntStream.range(0, lengths.size())
                .mapToObj(i -> all.get(i % workers.count()).split("\\|")[i / workers.count()])
                .map(ofLength -> Stream.of(ofLength.split(";"))
                        .map(PlanCalibrator::numbers)
                        .toList())
                .toList();
        Leaving leaving = model.leaving().orElseThrow();
        leaving.calibrate(new PlanLosses(lengths, SHARES, counts(model), losses));
    }

    /** What other workers read the very same numbers of. */
    private static String words(List<Double> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static List<Double> numbers(String words) {
        return Stream.of(words.split(",")).map(Double::valueOf).toList();
    }

    /** Tells a model that is not trained yet which layers become narrow first: those whose narrow form alone loses least. */
    static void order(Encoder model, Backend backend, List<int[]> inputs) {
        try (var workspace = backend.workspace(
                Sessions.memoryLimit(model, BATCH_TOKENS + model.description().maxTokens()))) {
            var calibrator = new PlanCalibrator(model, new Pass(backend.stream(), workspace), inputs);
            Leaving leaving = calibrator.leaving;
            float[][] wanted = calibrator.vectors(inputs, -1, 1);
            int layers = model.description().architecture().layers();
            var losses = new double[layers];
            for (int layer = 0; layer < layers; layer++) {
                leaving.order(layerFirst(layer, layers));
                losses[layer] = calibrator.loss(calibrator.vectors(inputs, 1, 1), wanted);
            }
            leaving.order(new NarrowLayers(IntStream.range(0, layers)
                    .boxed()
                    .sorted(Comparator.comparingDouble(layer -> losses[layer]))
                    .toList()));
        }
    }

    private static NarrowLayers layerFirst(int first, int layers) {
        return new NarrowLayers(
                IntStream.concat(IntStream.of(first), IntStream.range(0, layers).filter(layer -> layer != first))
                        .boxed()
                        .toList());
    }

    private static List<Integer> counts(Encoder model) {
        return NarrowLayers.counts(model.description().architecture().layers());
    }

    /** By number of narrow layers and share. */
    private List<List<Double>> losses(List<int[]> inputs, Runnable afterEach) {
        float[][] wanted = vectors(inputs, -1, 1);
        Optional<NearestTexts> nearest = model.description().objective() == Objective.VECTORS
                ? Optional.of(new NearestTexts(wanted))
                : Optional.empty();
        var losses = new ArrayList<List<Double>>();
        for (int narrow : counts(model)) {
            var row = new ArrayList<Double>();
            for (double share : SHARES) {
                float[][] found = vectors(inputs, narrow, share);
                double loss = nearest.isPresent() ? nearest.get().scatter(found) : loss(found, wanted);
                row.add(Math.round(WRITTEN * Math.max(0, loss)) / WRITTEN);
                afterEach.run();
            }
            losses.add(row);
        }
        return losses;
    }

    /** What the model gives for inputs with so many narrow layers and a share of the tokens; at full budget if the number is below 0. */
    private float[][] vectors(List<int[]> inputs, int narrow, double share) {
        var vectors = new float[inputs.size()][model.outputs()];
        var batch = new TokenBatch();
        int done = 0;
        for (int i = 0; i < inputs.size(); i++) {
            model.add(batch, inputs.get(i));
            if (batch.tokens() >= BATCH_TOKENS || i == inputs.size() - 1) {
                pass.begin(narrow < 0 ? Budget.FULL : SHORT);
                Tensor tokens =
                        narrow < 0 ? model.tokens(pass, batch) : model.tokens(pass, batch, plans(batch, share, narrow));
                Tensor y = model.outputs(pass, tokens, pass.batch());
                try (HostTensor values = pass.stream().read(y)) {
                    for (int row = 0; row < y.rows(); row++) {
                        values.copyRow(row, vectors[done + row], 0);
                    }
                }
                done += y.rows();
                batch.clear();
            }
        }
        return vectors;
    }

    private double loss(float[][] found, float[][] wanted) {
        double sum = 0;
        for (int i = 0; i < found.length; i++) {
            sum += TokenValues.loss(model.description(), found[i], wanted[i], spread);
        }
        return sum / found.length;
    }

    private List<ShortPlan> plans(TokenBatch batch, double share, int narrow) {
        var some = new ArrayList<ShortPlan>();
        for (int input = 0; input < batch.sequences(); input++) {
            int tokens = batch.length(input);
            some.add(leaving.plan(batch.inputs(), batch.inputOffsets()[input], tokens, share, narrow));
        }
        return Collections.unmodifiableList(some);
    }
}
