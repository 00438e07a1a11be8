package io.tokenwise.finetune;

import io.tokenwise.Embedding;
import io.tokenwise.api.Budget;
import io.tokenwise.autograd.AdamW;
import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.EpochOrder;
import io.tokenwise.autograd.Gradients;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.autograd.Parameters;
import io.tokenwise.autograd.Tape;
import io.tokenwise.autograd.Weight;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.Stream;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.InputKind;
import io.tokenwise.nn.Linear;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.op.Lengths;
import io.tokenwise.op.Losses;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.train.EpochTraining;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Trains all layers of a dense encoder on labels, one {@link #step} at a time: cross-entropy of a linear layer on the text vectors where labels are
 * classes, {@linkplain Stream#order the order of cosines} where they are scores of pairs. The linear layer is thrown away: what is
 * kept is an encoder whose vectors tell the classes apart. Word and position embeddings stay as they are, since labels show few words, and the
 * others must go on fitting them. Not thread-safe.
 */
public final class FineTuning extends EpochTraining {
    /** Loshchilov and Hutter 2019; as BERT was fine-tuned. */
    private static final double DECAY = 0.01;

    /** Of the classes' linear layer, which starts at zero beside an encoder that has learnt already. */
    private static final double HEAD_RATE = 1e-2;

    /** As CoSENT has it. */
    private static final double TEMPERATURE = 0.05;

    private final FineTuneConfig config;
    private final Labels labels;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();
    private final Parameters headParameters;

    /** Null where labels are scores. */
    private final Linear head;

    private final AdamW modelOptimizer;
    private final AdamW headOptimizer;

    /**
     * @param model dense
     * @param labels what is trained on
     */
    public FineTuning(Encoder model, Labels labels, FineTuneConfig config, Backend backend) {
        super(checked(model), backend, labels.size(), schedule(labels, config), config.seed());
        this.config = config;
        this.labels = labels;
        pass = new Pass(stream, workspace);
        headParameters = new Parameters(backend);
        head = labels instanceof Labels.Classes classes ? head(classes.names().size()) : null;
        modelOptimizer = new AdamW(model.parameters(), model.layerParameters(), CLIP_NORM, DECAY);
        headOptimizer = new AdamW(headParameters, List.copyOf(headParameters.all()), CLIP_NORM, DECAY);
    }

    private static Encoder checked(Encoder model) {
        if (model.isAdaptive()) {
            throw new IllegalArgumentException(model.description().name()
                    + " is adaptive; fine-tune a dense model, such as the one that it was made of, and distil that");
        }
        if (model.description().reads() != InputKind.TEXT) {
            throw new IllegalArgumentException(
                    model.description().name() + " is no text encoder; an image classifier is trained by train vit");
        }
        return model;
    }

    private static CosineSchedule schedule(Labels labels, FineTuneConfig config) {
        int steps = EpochOrder.steps(config.epochs(), config.epochs() * labels.tokens() / config.tokensPerStep());
        return new CosineSchedule(config.rate(), 0, steps / 10, steps);
    }

    private Linear head(int classes) {
        Parameter weight = headParameters.add("classifier.weight", model.outputs(), classes);
        Parameter bias = headParameters.add("classifier.bias", 1, classes);
        return new Linear(new Weight(headParameters, weight), bias);
    }

    @Override
    protected List<AdamW> optimizers() {
        return List.of(modelOptimizer, headOptimizer);
    }

    @Override
    protected CosineSchedule schedule(Optimizer optimizer) {
        CosineSchedule ofModel = super.schedule(optimizer);
        return optimizer == headOptimizer
                ? new CosineSchedule(HEAD_RATE, 0, ofModel.warmupSteps(), ofModel.steps())
                : ofModel;
    }

    @Override
    protected double learn() {
        return loss(next());
    }

    private int[] next() {
        var examples = new ArrayList<Integer>();
        for (int tokens = 0; tokens < config.tokensPerStep(); ) {
            examples.add(order.next());
            tokens += labels.tokens(examples.getLast());
        }
        return examples.stream().mapToInt(Integer::intValue).toArray();
    }

    private double loss(int[] examples) {
        batch.clear();
        labels.addTo(batch, examples);
        pass.begin(Budget.FULL);
        var tape = new Tape();
        pass.train(tape);
        Tensor y = model.forward(pass, batch);
        if (!model.description().givesUnitVectors()) {
            y = Lengths.of(pass, y);
        }
        var gradients = new Gradients(stream, workspace);
        double loss = switch (labels) {
            case Labels.Classes classes -> {
                Tensor logits = head.forward(pass, y);
                Tensor dLogits = pass.tensor(logits.rows(), logits.columns());
                gradients.add(logits, dLogits);
                int[] wanted =
                        IntStream.of(examples).map(i -> classes.numbers()[i]).toArray();
                yield Losses.crossEntropy(stream, logits, wanted, dLogits);
            }
            case Labels.Pairs pairs -> {
                Tensor dy = pass.tensor(y.rows(), y.columns());
                gradients.add(y, dy);
                double[] scores = IntStream.of(examples)
                        .mapToDouble(i -> pairs.scores()[i])
                        .toArray();
                yield Losses.order(stream, y, scores, TEMPERATURE, dy);
            }
        };
        tape.backward(gradients, stream, workspace);
        return loss;
    }

    /**
     * The share of other labels, of the same kind, that the model has right: texts to which the linear layer gives their class, or of any two pairs
     * with different scores those whose cosines have the scores' order; NaN if all have the same score.
     */
    public double right(Labels others) {
        model.prepare(stream);
        try (var sessions = new Sessions(model, model.parameters().backend(), config.tokensPerStep(), 1)) {
            return switch (others) {
                case Labels.Classes classes -> right(classes, sessions.encode(classes.texts(), Budget.FULL, null));
                case Labels.Pairs pairs ->
                    right(
                            pairs.scores(),
                            sessions.encode(pairs.first(), Budget.FULL, null),
                            sessions.encode(pairs.second(), Budget.FULL, null));
            };
        }
    }

    private double right(Labels.Classes classes, float[][] vectors) {
        int right = 0;
        try (HostTensor weight = head.weight().parameter().read();
                HostTensor bias = head.bias().read()) {
            for (int i = 0; i < vectors.length; i++) {
                right += likeliest(vectors[i], weight, bias) == classes.numbers()[i] ? 1 : 0;
            }
        }
        return (double) right / vectors.length;
    }

    private int likeliest(float[] vector, HostTensor weight, HostTensor bias) {
        double squares = 0;
        for (float value : vector) {
            squares += (double) value * value;
        }
        double length = Math.sqrt(squares);
        int best = 0;
        double most = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < head.weight().outputs(); c++) {
            double logit = bias.get(0, c);
            for (int i = 0; i < vector.length; i++) {
                logit += vector[i] / length * weight.get(i, c);
            }
            if (logit > most) {
                most = logit;
                best = c;
            }
        }
        return best;
    }

    private static double right(double[] scores, float[][] first, float[][] second) {
        var cosines = new double[scores.length];
        for (int i = 0; i < cosines.length; i++) {
            cosines[i] = Embedding.cosine(first[i], second[i]);
        }
        long right = 0;
        long all = 0;
        for (int i = 0; i < cosines.length; i++) {
            for (int j = 0; j < cosines.length; j++) {
                if (scores[i] > scores[j]) {
                    all++;
                    right += cosines[i] > cosines[j] ? 1 : 0;
                }
            }
        }
        return (double) right / all;
    }

    @Override
    public void close() {
        super.close();
        headParameters.close();
    }
}
