package io.tokenwise.server;

import io.tokenwise.api.Deadline;
import io.tokenwise.image.Image;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Request;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Text-embeddings-inference's {@code POST /predict}, for images: {@code inputs} is a JPEG or PNG in Base64, alone or in a data URL, or an array of arrays of one. Classes
 * come with their scores, the likeliest first.
 */
final class TeiPredictRoute {
    private static final String INPUTS = "inputs";

    private final ServedModels models;
    private final ImageDecoding decoding;

    TeiPredictRoute(ServedModels models, ImageDecoding decoding) {
        this.models = models;
        this.decoding = decoding;
    }

    /** A class and how likely it is, or its logit. */
    record Prediction(float score, String label) {}

    /** A request that is understood. */
    private record Asked(
            Observation observation,
            ServedModel.Images model,
            List<byte[]> images,
            boolean batch,
            BudgetRange range,
            Deadline deadline,
            boolean rawScores) {
        List<List<Prediction>> predictions(List<Answer<float[]>> answers) {
            List<String> labels = model.classifier().labels();
            return answers.stream()
                    .map(answer -> predictions(answer.result(), labels))
                    .toList();
        }

        private List<Prediction> predictions(float[] logits, List<String> labels) {
            double[] probabilities = model.classifier().classification(logits).probabilities();
            return IntStream.range(0, logits.length)
                    .mapToObj(i -> new Prediction(rawScores ? logits[i] : (float) probabilities[i], labels.get(i)))
                    .sorted(Comparator.comparingDouble(Prediction::score).reversed())
                    .toList();
        }
    }

    CompletableFuture<Reply> predict(Exchange exchange) {
        Observation observation = exchange.observe(Operation.PREDICT);
        return exchange.json().thenCompose(fields -> predict(exchange, observation, fields));
    }

    CompletableFuture<Reply> predict(Exchange exchange, Observation observation, Fields fields) {
        Asked asked = read(exchange, observation, fields);
        long start = System.nanoTime();
        var images = decoding.all(
                asked.images(), INPUTS, asked.deadline(), asked.model().classifier()::prepare);
        exchange.cancelWhenGone(images);
        return images.thenCompose(decoded -> {
                    observation.asked(asked.model().name(), asked.batch(), Duration.ofNanos(System.nanoTime() - start));
                    return run(exchange, asked, decoded);
                })
                .thenApplyAsync(answers -> reply(asked, answers), exchange.executor());
    }

    private Asked read(Exchange exchange, Observation observation, Fields fields) {
        var found = models.findOrFirst(fields.text("model"), ServedModel.Images.class);
        ServedModel.Images model = found.model();
        JsonNode inputs = fields.needed(INPUTS);
        boolean batch = inputs.isArray() && !inputs.isEmpty() && inputs.get(0).isArray();
        List<byte[]> images = new ArrayList<>();
        if (batch) {
            TeiInputs.checkSize(inputs.size());
            inputs.forEach(one -> images.add(image(one)));
        } else {
            images.add(image(inputs));
        }
        AskedBudget budget = BudgetAsk.of(exchange, fields, found.budget())
                .orElse(model.defaults().budget());
        boolean rawScores = fields.flag("raw_scores").orElse(false);
        return new Asked(observation, model, images, batch, model.range(budget), exchange.deadline(), rawScores);
    }

    private static byte[] image(JsonNode input) {
        JsonNode image = input.isArray() && input.size() == 1 ? input.get(0) : input;
        if (!image.isString()) {
            throw ApiError.field(
                    INPUTS, "inputs must be an image in Base64, or an array of arrays of one: [[image], [image]]");
        }
        if (image.stringValue().isEmpty()) {
            throw TeiInputs.empty(INPUTS);
        }
        try {
            return Base64.getDecoder().decode(base64(image.stringValue()));
        } catch (IllegalArgumentException e) {
            // The decoder's words quote the image.
            throw ApiError.field(INPUTS, "inputs must be a JPEG or PNG in Base64, or a data URL of one");
        }
    }

    private static String base64(String image) {
        if (!image.startsWith("data:")) {
            return image;
        }
        int comma = image.indexOf(',');
        if (comma < 0 || !image.substring(0, comma).endsWith(";base64")) {
            throw ApiError.field(INPUTS, "inputs: a data URL must hold Base64: data:image/png;base64,...");
        }
        return image.substring(comma + 1);
    }

    private static CompletableFuture<List<Answer<float[]>>> run(Exchange exchange, Asked asked, List<Image> images) {
        var answers = Together.all(asked.model()
                .lane()
                .submitAll(images.stream()
                        .map(image -> new Request(image.rgb(), asked.deadline(), asked.range()))
                        .toList()));
        exchange.cancelWhenGone(answers);
        return answers;
    }

    private static Reply reply(Asked asked, List<Answer<float[]>> answers) {
        List<List<Prediction>> predictions = asked.predictions(answers);
        Reply reply = Reply.json(asked.batch() ? predictions : predictions.getFirst());
        Observation observation = asked.observation();
        int tokens = asked.model().lane().model().maxTokens();
        observation.answered(Collections.nCopies(answers.size(), tokens), answers);
        return new TeiHeaders(
                        observation,
                        asked.model().classifier().model().backend().name(),
                        0)
                .tell(Costs.of(observation.inputs(), 0).tell(reply));
    }
}
