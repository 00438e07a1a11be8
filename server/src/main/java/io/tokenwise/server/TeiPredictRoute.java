package io.tokenwise.server;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.api.BadFileException;
import io.tokenwise.image.ImageReader;
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
import java.util.concurrent.Executor;
import java.util.stream.IntStream;
import tools.jackson.databind.JsonNode;

/**
 * Text-embeddings-inference's {@code POST /predict}, for images: {@code inputs} is a JPEG or PNG in Base64, alone or in a data URL, or an array of arrays of one. Classes
 * come with their scores, the likeliest first.
 */
final class TeiPredictRoute {
    /** While an image is read it takes up to 20 bytes a pixel. */
    private static final int MOST_PIXELS = 20_000_000;

    private static final String INPUTS = "inputs";

    private final ServedModels models;
    private final Executor readers;
    private final ImageReader reader = new ImageReader(MOST_PIXELS);

    /** @param readers decode images, which takes long for large ones */
    TeiPredictRoute(ServedModels models, Executor readers) {
        this.models = models;
        this.readers = readers;
    }

    /** A class and how likely it is, or its logit. */
    record Prediction(float score, String label) {}

    /** A request that is understood. */
    private record Asked(
            Observation observation,
            ServedModel.Images model,
            List<String> images,
            boolean batch,
            BudgetRange range,
            boolean rawScores) {
        List<List<Prediction>> predictions(List<Answer<float[]>> answers) {
            List<String> labels = model.classifier().labels();
            return answers.stream()
                    .map(answer -> predictions(answer.result(), labels))
                    .toList();
        }

        private List<Prediction> predictions(float[] logits, List<String> labels) {
            double[] probabilities = Classification.of(logits, labels).probabilities();
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
        return CompletableFuture.supplyAsync(() -> pixels(asked), readers)
                .thenCompose(pixels -> run(exchange, asked, pixels))
                .thenApplyAsync(answers -> reply(asked, answers), exchange.executor());
    }

    private Asked read(Exchange exchange, Observation observation, Fields fields) {
        var found = models.findOrFirst(fields.text("model"), ServedModel.Images.class);
        ServedModel.Images model = found.model();
        JsonNode inputs = fields.needed(INPUTS);
        boolean batch = inputs.isArray() && !inputs.isEmpty() && inputs.get(0).isArray();
        List<String> images = new ArrayList<>();
        if (batch) {
            TeiInputs.checkSize(inputs.size());
            inputs.forEach(one -> images.add(image(one)));
        } else {
            images.add(image(inputs));
        }
        AskedBudget budget = BudgetAsk.of(exchange, fields, found.budget())
                .orElse(model.defaults().budget());
        boolean rawScores = fields.flag("raw_scores").orElse(false);
        return new Asked(observation, model, images, batch, model.range(budget), rawScores);
    }

    private static String image(JsonNode input) {
        JsonNode image = input.isArray() && input.size() == 1 ? input.get(0) : input;
        if (!image.isString()) {
            throw ApiError.field(
                    INPUTS, "inputs must be an image in Base64, or an array of arrays of one: [[image], [image]]");
        }
        if (image.stringValue().isEmpty()) {
            throw TeiInputs.empty(INPUTS);
        }
        return image.stringValue();
    }

    private List<int[]> pixels(Asked asked) {
        long start = System.nanoTime();
        ImageClassifier classifier = asked.model().classifier();
        List<int[]> pixels =
                asked.images().stream().map(image -> pixels(classifier, image)).toList();
        asked.observation().asked(asked.model().name(), asked.batch(), Duration.ofNanos(System.nanoTime() - start));
        return pixels;
    }

    private int[] pixels(ImageClassifier classifier, String image) {
        try {
            byte[] bytes = Base64.getDecoder().decode(base64(image));
            return classifier.prepare(reader.read(bytes, INPUTS)).rgb();
        } catch (BadFileException e) {
            throw wrong(e.getMessage());
        } catch (IllegalArgumentException e) {
            // Of the decoder, whose words quote the image, or of a strip that cannot be resized.
            throw wrong("inputs must be a JPEG or PNG in Base64, or a data URL of one");
        }
    }

    private static String base64(String image) {
        if (!image.startsWith("data:")) {
            return image;
        }
        int comma = image.indexOf(',');
        if (comma < 0 || !image.substring(0, comma).endsWith(";base64")) {
            throw wrong("a data URL must hold Base64: data:image/png;base64,...");
        }
        return image.substring(comma + 1);
    }

    private static ApiError wrong(String message) {
        return ApiError.of(422, "Input validation error: " + message).withCode(Observation.TOKENIZATION);
    }

    private static CompletableFuture<List<Answer<float[]>>> run(Exchange exchange, Asked asked, List<int[]> pixels) {
        var answers = Together.all(asked.model()
                .lane()
                .submitAll(pixels.stream()
                        .map(image -> new Request(image, exchange.deadline(), asked.range()))
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
        return new TeiHeaders(observation, 0)
                .tell(Costs.of(observation.inputs(), 0).tell(reply));
    }
}
