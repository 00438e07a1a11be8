package io.tokenwise.cli;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.model.bert.MaskedLanguageModel;
import io.tokenwise.model.bert.MaskedLanguageModel.Guesses;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** One way to run a model with a masked-LM head, and what it has guessed and cost so far. For one thread. */
final class MaskedRun extends MeasuredRun implements AutoCloseable {
    /** Tokens that run through the model at once, if they are of more than one text. */
    private static final int BATCH_TOKENS = 1024;

    private final MaskedLanguageModel head;
    private final Workspace workspace;
    private final Pass pass;
    private final TokenBatch batch = new TokenBatch();

    private Guesses guesses = Guesses.NONE;

    MaskedRun(EvalWay way, OpenModel model, MaskedLanguageModel head) {
        super(way, model);
        this.head = head;
        int mostTokens = Math.max(BATCH_TOKENS, model.files().description().maxTokens());
        // Of short texts a third of the tokens may be hidden.
        long ofLogits = 2L * Float.BYTES * mostTokens * head.vocabularySize();
        workspace = model.backend().workspace(Sessions.memoryLimit(model.encoder(), mostTokens) + ofLogits);
        pass = new Pass(model.backend().stream(), workspace);
    }

    /** Guesses what is hidden in texts. */
    void read(List<MaskedText> texts) throws InterruptedException {
        List<int[]> inputs = texts.stream().map(MaskedText::ids).toList();
        guesses = guesses.plus(measurement()
                .measure(inputs, (some, observer) -> guess(texts.subList(0, some.size()), observer)));
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
        pass.begin(how()).with(LearnerObserver.class, observer);
        Tensor tokens = model().encoder().tokens(pass, batch);
        int[] rows = IntStream.range(0, texts.size())
                .flatMap(text -> IntStream.of(texts.get(text).places()).map(place -> batch.offsets()[text] + place))
                .toArray();
        int[] hidden =
                texts.stream().flatMapToInt(text -> IntStream.of(text.hidden())).toArray();
        return head.guess(pass, tokens, rows, hidden);
    }

    /** The accuracy first. */
    Map<Metric, Double> metrics() {
        Map<Metric, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.ACCURACY, guesses.accuracy());
        metrics.put(Metric.PSEUDO_PERPLEXITY, guesses.pseudoPerplexity());
        return metrics;
    }

    /** Words are compared, not vectors. */
    @Override
    public Double meanCosine() {
        return null;
    }

    @Override
    public double seconds() {
        return measurement().millis() / 1e3;
    }

    @Override
    public void close() {
        workspace.close();
    }
}
