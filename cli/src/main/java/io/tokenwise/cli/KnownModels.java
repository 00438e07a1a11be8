package io.tokenwise.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What others have published of what models give: numbers of vectors, cosines and scores, each with the place where it stands. */
final class KnownModels {
    private static final String RESOURCE = "known-models.json";

    private final JsonNode models;

    private KnownModels(JsonNode models) {
        this.models = models;
    }

    /**
     * Numbers that a model is known to give.
     *
     * @param name the model's, as Hugging Face's hub has it
     * @param products of sparse vectors
     */
    record Known(
            String name,
            List<Vector> vectors,
            List<Similarities> similarities,
            List<Scores> scores,
            List<Scores> products) {}

    /**
     * Some numbers of a text's vector.
     *
     * @param places which numbers of it, from 0
     */
    record Vector(String source, double tolerance, String text, List<Integer> places, List<Double> values) {}

    /** Cosines of pairs of texts. */
    record Similarities(String source, double tolerance, List<String> texts, List<Cosine> cosines) {}

    /** That of two texts, by their places in the list. */
    record Cosine(int first, int second, double value) {}

    /** How well texts answer a query: before the logistic function, or the products of sparse vectors. */
    record Scores(String source, double tolerance, String query, List<String> texts, List<Double> values) {}

    static KnownModels load() {
        try (InputStream in = KnownModels.class.getResourceAsStream(RESOURCE)) {
            return new KnownModels(JsonMapper.shared().readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<String> names() {
        return models.values().stream().map(KnownModels::name).toList();
    }

    /** The built-in model of this name, or the model that its name on the hub or the last part of that is. */
    Optional<Known> find(String name) {
        String last = last(name);
        return models.values().stream()
                .filter(model -> model.path("builtIn").values().stream()
                                .anyMatch(builtIn -> builtIn.stringValue().equals(name))
                        || last(name(model)).equals(last))
                .findFirst()
                .map(KnownModels::read);
    }

    /** The hub's cache has folders such as {@code models--BAAI--bge-small-en-v1.5/snapshots/...}. */
    private static String last(String name) {
        String path = name.replaceFirst("^.*models--([^/\\\\]+)[/\\\\]snapshots.*$", "$1")
                .replace("--", "/");
        return path.replaceFirst("[/\\\\]+$", "").replaceFirst("^.*[/\\\\]", "").toLowerCase(Locale.ROOT);
    }

    private static String name(JsonNode model) {
        return model.get("name").stringValue();
    }

    private static Known read(JsonNode model) {
        List<Vector> vectors = new ArrayList<>();
        for (JsonNode vector : model.path("vectors").values()) {
            vectors.add(new Vector(
                    vector.get("source").stringValue(),
                    vector.get("tolerance").doubleValue(),
                    vector.get("text").stringValue(),
                    vector.get("places").values().stream()
                            .map(JsonNode::intValue)
                            .toList(),
                    numbers(vector)));
        }
        List<Similarities> similarities = new ArrayList<>();
        for (JsonNode some : model.path("similarities").values()) {
            similarities.add(new Similarities(
                    some.get("source").stringValue(),
                    some.get("tolerance").doubleValue(),
                    texts(some),
                    some.get("cosines").values().stream()
                            .map(row -> new Cosine(
                                    row.get(0).intValue(),
                                    row.get(1).intValue(),
                                    row.get(2).doubleValue()))
                            .toList()));
        }
        return new Known(name(model), vectors, similarities, scores(model, "scores"), scores(model, "products"));
    }

    private static List<Scores> scores(JsonNode model, String kind) {
        List<Scores> scores = new ArrayList<>();
        for (JsonNode some : model.path(kind).values()) {
            scores.add(new Scores(
                    some.get("source").stringValue(),
                    some.get("tolerance").doubleValue(),
                    some.get("query").stringValue(),
                    texts(some),
                    numbers(some)));
        }
        return scores;
    }

    private static List<String> texts(JsonNode some) {
        return some.get("texts").values().stream().map(JsonNode::stringValue).toList();
    }

    private static List<Double> numbers(JsonNode some) {
        return some.get("values").values().stream().map(JsonNode::doubleValue).toList();
    }
}
