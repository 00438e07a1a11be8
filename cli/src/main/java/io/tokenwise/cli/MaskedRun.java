package io.tokenwise.cli;

import io.tokenwise.OpenModel;
import io.tokenwise.Sessions;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.model.MaskedLanguageModel;
import io.tokenwise.nn.Budget;
import io.tokenwise.nn.LearnerObserver;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** One way to run a model with a masked-LM head, and what it has guessed and cost so far. For one thread. */
final class MaskedRun implements EvalRows.Run, AutoCloseable {
    /** Tokens that run through the model at once, if they are of more than one text. */
    private static final int BATCH_TOKENS = 1024;

    private final EvalWay way;
    private final OpenModel model;
    private final MaskedLanguageModel head;
    private final Budget how;
    private final Measurement measurement;
    private final Workspace workspace;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();

    /** Of one token. */
    private final float[] logits;

    private Guesses guesses = Guesses.NONE;

    /**
     * What came of hidden tokens.
     *
     * @param right how many had the largest logit
     * @param loss sum of their negative log probabilities
     */
    private record Guesses(long tokens, long right, double loss) {
        static final Guesses NONE = new Guesses(0, 0, 0);

        Guesses plus(Guesses more) {
            return new Guesses(tokens + more.tokens, right + more.right, loss + more.loss);
        }
    }

    MaskedRun(EvalWay way, OpenModel model, MaskedLanguageModel head) {
        this.way = way;
        this.model = model;
        this.head = head;
        how = way.how();
        measurement = new Measurement(model, how);
        logits = new float[head.vocabularySize()];
        int mostTokens = Math.max(BATCH_TOKENS, model.files().description().maxTokens());
        // Of short texts a third of the tokens may be hidden.
        long ofLogits = 2L * Float.BYTES * mostTokens * head.vocabularySize();
        workspace = new Workspace(Sessions.memoryLimit(model.encoder(), mostTokens) + ofLogits);
        pass = new Pass(model.backend().stream(), workspace);
    }

    /** Guesses what is hidden in texts. */
    void read(List<MaskedText> texts) throws InterruptedException {
        List<int[]> inputs = texts.stream().map(MaskedText::ids).toList();
        guesses = guesses.plus(measurement.measure(
                inputs, (some, observer) -> guess(texts.subList(0, some.size()), observer)));
    }

    private Guesses guess(List<MaskedText> texts, LearnerObserver observer) {
        Guesses all = Guesses.NONE;
        for (int done = 0; done < texts.size(); ) {
            int from = done;
            batch.clear();
            while (done < texts.size()
                    && (done == from || batch.tokens() + texts.get(done).ids().length <= BATCH_TOKENS)) {
                batch.add(texts.get(done++).ids());
            }
            all = all.plus(guessBatch(texts.subList(from, done), observer));
        }
        return all;
    }

    private Guesses guessBatch(List<MaskedText> texts, LearnerObserver observer) {
        pass.begin(how, observer);
        Tensor tokens = model.encoder().tokens(pass, batch);
        int[] rows = IntStream.range(0, texts.size())
                .flatMap(text -> IntStream.of(texts.get(text).places()).map(place -> batch.offsets()[text] + place))
                .toArray();
        int[] hidden =
                texts.stream().flatMapToInt(text -> IntStream.of(text.hidden())).toArray();
        Tensor guessed = head.logits(pass, tokens, rows);
        MemorySegment memory = guessed.floats().segment();
        Guesses all = Guesses.NONE;
        for (int row = 0; row < rows.length; row++) {
            long at = guessed.floats().at((long) row * logits.length);
            MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, at, logits, 0, logits.length);
            all = all.plus(guess(hidden[row]));
        }
        return all;
    }

    private Guesses guess(int hidden) {
        int likeliest = 0;
        for (int word = 1; word < logits.length; word++) {
            likeliest = logits[word] > logits[likeliest] ? word : likeliest;
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - logits[likeliest]);
        }
        double loss = logits[likeliest] - logits[hidden] + Math.log(sum);
        return new Guesses(1, likeliest == hidden ? 1 : 0, loss);
    }

    /** The accuracy first. */
    Map<Metric, Double> metrics() {
        Map<Metric, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.ACCURACY, (double) guesses.right / guesses.tokens);
        metrics.put(Metric.PSEUDO_PERPLEXITY, Math.exp(guesses.loss / guesses.tokens));
        return metrics;
    }

    @Override
    public Mode mode() {
        return way.mode();
    }

    @Override
    public double budget() {
        return way.budget();
    }

    /** Words are compared, not vectors. */
    @Override
    public Double meanCosine() {
        return null;
    }

    @Override
    public double meanLearners() {
        return measurement.meanLearners();
    }

    @Override
    public double spent() {
        return measurement.spent();
    }

    /** Without the head. */
    @Override
    public double flopsPerToken() {
        return measurement.flopsPerToken();
    }

    /** With the head. */
    @Override
    public double millisPerInput() {
        return measurement.millisPerInput();
    }

    @Override
    public double seconds() {
        return measurement.millis() / 1e3;
    }

    @Override
    public void close() {
        workspace.close();
    }
}
