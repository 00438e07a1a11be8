package io.tokenwise.server;

import io.tokenwise.ImageClassifier;
import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.image.Image;
import io.tokenwise.server.PageLanes.Ask;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Fields;

/** {@code POST /page/image?model=NAME&budget=B} with a JPEG or PNG as body: its classes at a budget, beside the same at full budget, and which patches stay. */
final class PageImageRoute implements Route {
    /** Photographs have some megabytes. */
    private static final int MOST_BYTES = 10 << 20;

    private static final int MOST_CLASSES = 5;

    private final ServedModels models;
    private final PageLanes lanes;
    private final ImageDecoding decoding;

    PageImageRoute(ServedModels models, PageLanes lanes, ImageDecoding decoding) {
        this.models = models;
        this.lanes = lanes;
        this.decoding = decoding;
    }

    /** A class and how likely it is. */
    record Found(String label, double probability) {}

    /**
     * The answer.
     *
     * @param classes the likeliest ones, in this order
     * @param size of a side of the square that the model reads, in pixels
     * @param rgb of it, three bytes a pixel, in Base64
     * @param patches for each, row by row, the share of all learners that it goes through
     * @param stay patches that go through some
     * @param fullLabel the likeliest class at full budget
     */
    record Answer(
            double budget,
            List<Found> classes,
            int size,
            String rgb,
            double[] patches,
            int stay,
            Double spentTime,
            double millis,
            double fullMillis,
            String fullLabel) {}

    /** A request that is understood. */
    private record Asked(String name, ImageClassifier classifier, double share) {}

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        return exchange.body(MOST_BYTES).thenCompose(bytes -> {
            Asked asked = read(exchange);
            var images = decoding.all(List.of(bytes), "image", exchange.deadline(), asked.classifier()::prepare);
            exchange.cancelWhenGone(images);
            return images.thenCompose(image -> run(exchange, asked, image.getFirst()));
        });
    }

    private Asked read(Exchange exchange) {
        Fields query = Request.extractQueryParameters(exchange.request());
        var found = models.find(exchange, needed(query, "model"), ServedModel.Images.class)
                .model();
        double share = PageTextRoute.share(AskedBudget.parsed(needed(query, "budget")));
        return new Asked(found.name(), found.classifier(), share);
    }

    private CompletableFuture<Reply> run(Exchange exchange, Asked asked, Image image) {
        return lanes.ask(exchange, asked.name(), asks(asked, image))
                .thenApplyAsync(
                        results -> Reply.json(answer(asked, image, results.get(1), results.get(0))),
                        exchange.executor());
    }

    private static List<Ask> asks(Asked asked, Image image) {
        int[] pixels = image.rgb();
        Budget budget = asked.classifier().model().encoder().budget(asked.share());
        return List.of(new Ask(pixels, Budget.FULL), new Ask(pixels, budget));
    }

    private static String needed(Fields query, String name) {
        String value = query.getValue(name);
        if (value == null) {
            throw ApiError.field(name, name + " is missing in the query");
        }
        return value;
    }

    private static Answer answer(Asked asked, Image image, Shaded shaded, Shaded full) {
        ImageClassifier classifier = asked.classifier();
        double share = asked.share();
        List<String> labels = classifier.labels();
        double[] probabilities = classifier.classification(shaded.output()).probabilities();
        List<Found> classes = IntStream.range(0, labels.size())
                .mapToObj(i -> new Found(labels.get(i), probabilities[i]))
                .sorted(Comparator.comparingDouble(Found::probability).reversed())
                .limit(MOST_CLASSES)
                .toList();
        var encoder = classifier.model().encoder();
        // The first token is the class token.
        double[] patches = Arrays.copyOfRange(shaded.shares(), 1, shaded.shares().length);
        return new Answer(
                share,
                classes,
                image.width(),
                Base64.getEncoder().encodeToString(bytes(image.rgb())),
                patches,
                shaded.stay(1),
                PageTextRoute.known(
                        Spent.of(encoder, image.rgb(), encoder.budget(share)).time()),
                shaded.millis(),
                full.millis(),
                classifier.classification(full.output()).label());
    }

    private static byte[] bytes(int[] rgb) {
        var bytes = new byte[3 * rgb.length];
        for (int i = 0; i < rgb.length; i++) {
            bytes[3 * i] = (byte) (rgb[i] >> 16);
            bytes[3 * i + 1] = (byte) (rgb[i] >> 8);
            bytes[3 * i + 2] = (byte) rgb[i];
        }
        return bytes;
    }
}
