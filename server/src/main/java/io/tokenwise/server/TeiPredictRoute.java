package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * Text-embeddings-inference's {@code POST /predict}, for texts and pairs of texts as {@link PredictedTexts} reads them, and for images as {@link PredictedImages} does. Classes come with
 * their scores, the likeliest first.
 */
final class TeiPredictRoute {
    private final ServedModels models;
    private final PredictedImages images;

    TeiPredictRoute(ServedModels models, ImageDecoding decoding) {
        this.models = models;
        images = new PredictedImages(decoding);
    }

    /** A class and how likely it is, or its logit. */
    record Prediction(float score, String label) {}

    /**
     * What there is to classify.
     *
     * @param inputs as the model reads them
     * @param batch whether it was a list, though perhaps of one
     * @param truncated texts that were too long, and were cut
     * @param characters of the texts
     */
    record Inputs(List<int[]> inputs, boolean batch, int truncated, int characters) {}

    /** A request that is understood, but for its inputs. */
    private record Asked(
            Observation observation,
            ServedModel.Classifying model,
            BudgetRange range,
            Deadline deadline,
            boolean rawScores) {}

    CompletableFuture<Reply> predict(Exchange exchange) {
        Observation observation = exchange.observe(Operation.PREDICT);
        return exchange.json().thenCompose(fields -> predict(exchange, observation, fields));
    }

    CompletableFuture<Reply> predict(Exchange exchange, Observation observation, Fields fields) {
        Asked asked = read(exchange, observation, fields);
        long start = System.nanoTime();
        CompletableFuture<Inputs> inputs = switch (asked.model()) {
            case ServedModel.Images model -> images.read(exchange, fields, model, asked.deadline());
            case ServedModel.Classes model -> CompletableFuture.completedFuture(PredictedTexts.read(fields, model));
        };
        return inputs.thenCompose(read -> {
            observation.asked(asked.model().name(), read.batch(), Duration.ofNanos(System.nanoTime() - start));
            return Together.answers(exchange, asked.model().lane(), read.inputs(), asked.range(), asked.deadline())
                    .thenApplyAsync(answers -> reply(asked, read, answers), exchange.executor());
        });
    }

    private Asked read(Exchange exchange, Observation observation, Fields fields) {
        var found = models.findOrFirst(exchange, fields.text("model"), ServedModel.Classifying.class);
        ServedModel.Classifying model = found.model();
        AskedBudget budget = BudgetAsk.of(exchange, fields, found.budget())
                .orElse(model.defaults().budget());
        boolean rawScores = fields.flag("raw_scores").orElse(false);
        return new Asked(observation, model, model.range(budget), exchange.deadline(), rawScores);
    }

    private static Reply reply(Asked asked, Inputs read, List<Answer<float[]>> answers) {
        ServedModel.Classifying model = asked.model();
        List<List<Prediction>> predictions = answers.stream()
                .map(answer -> predictions(model, answer.result(), asked.rawScores()))
                .toList();
        Reply reply = Reply.json(read.batch() ? predictions : predictions.getFirst());
        Observation observation = asked.observation();
        observation.answered(
                read.inputs().stream().map(model.lane().model()::tokens).toList(), answers);
        return new TeiHeaders(observation, model.model().backend().name(), read.characters())
                .tell(Costs.of(observation.inputs(), read.truncated()).tell(reply));
    }

    private static List<Prediction> predictions(ServedModel.Classifying model, float[] logits, boolean rawScores) {
        List<String> labels = model.labels();
        double[] probabilities = model.classification(logits).probabilities();
        return IntStream.range(0, logits.length)
                .mapToObj(i -> new Prediction(rawScores ? logits[i] : (float) probabilities[i], labels.get(i)))
                .sorted(Comparator.comparingDouble(Prediction::score).reversed())
                .toList();
    }
}
