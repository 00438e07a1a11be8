package io.tokenwise.server;

import io.tokenwise.Embedding;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.VectorStep;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Text-embeddings-inference's {@code POST /embed} and {@code /similarity}. */
final class TeiEmbedRoute {
    private static final String SOURCE = "source_sentence";
    private static final String SENTENCES = "sentences";

    private final ServedModels models;

    TeiEmbedRoute(ServedModels models) {
        this.models = models;
    }

    /** {@code {inputs}} in, an array of vectors out. */
    CompletableFuture<Reply> embed(Exchange exchange) {
        Observation observation = exchange.observe(Operation.EMBED);
        return exchange.json().thenCompose(fields -> embed(exchange, observation, fields));
    }

    CompletableFuture<Reply> embed(Exchange exchange, Observation observation, Fields fields) {
        var texts = TeiTexts.read(
                exchange,
                observation,
                found(exchange, fields),
                fields,
                fields,
                fields.needed("inputs"),
                TeiInputs::name);
        boolean normalize = normalize(fields, texts.model());
        TextDescription description = texts.model().description();
        int dimensions = EmbeddingsRoute.dimensions(fields, texts.model().name(), description);
        return texts.vectors(exchange, texts.model().lane(), texts.range())
                .thenApplyAsync(
                        answers -> {
                            float[][] vectors = vectors(answers);
                            Arrays.setAll(vectors, i -> {
                                float[] vector = description.shortened(vectors[i], dimensions);
                                return normalize ? VectorStep.Normalize.scaled(vector) : vector;
                            });
                            return texts.tell(Reply.json(vectors), answers);
                        },
                        exchange.executor());
    }

    private ServedModels.Named<ServedModel.Texts> found(Exchange exchange, Fields fields) {
        return models.findOrFirst(exchange, fields.text("model"), ServedModel.Texts.class);
    }

    private static float[][] vectors(List<Answer<float[]>> answers) {
        return answers.stream().map(Answer::result).toArray(float[][]::new);
    }

    /** Whether vectors are to be scaled to length 1 that the model gives otherwise: as there, they are unless a request says no. */
    private static boolean normalize(Fields fields, ServedModel.Texts model) {
        boolean asked = fields.flag("normalize").orElse(true);
        boolean own = model.description().normalize();
        if (own && !asked) {
            throw ApiError.field(
                    "normalize",
                    "normalize must be true or left out: the vectors of " + model.name() + " are of length 1");
        }
        return asked && !own;
    }

    /** {@code {inputs: {source_sentence, sentences}}} in, the cosine of each with the first out. */
    CompletableFuture<Reply> similarity(Exchange exchange) {
        Observation observation = exchange.observe(Operation.EMBED);
        return exchange.json().thenCompose(fields -> similarity(exchange, observation, fields));
    }

    CompletableFuture<Reply> similarity(Exchange exchange, Observation observation, Fields fields) {
        Fields inputs = new Fields(object("inputs", fields.needed("inputs")));
        Fields parameters = new Fields(
                fields.any("parameters").map(node -> object("parameters", node)).orElse(fields.json()));
        ArrayNode all = fields.json().arrayNode();
        all.add(inputs.neededText(SOURCE));
        JsonNode sentences = inputs.needed(SENTENCES);
        if (!sentences.isArray()) {
            throw ApiError.field(SENTENCES, "sentences must be an array of strings, is " + Json.kind(sentences));
        }
        if (sentences.isEmpty()) {
            throw TeiInputs.empty("inputs.sentences");
        }
        for (int i = 0; i < sentences.size(); i++) {
            all.add(Fields.text(TeiInputs.place(SENTENCES, i), sentences.get(i)));
        }
        var texts = TeiTexts.read(
                exchange,
                observation,
                found(exchange, fields),
                fields,
                parameters,
                all,
                i -> i == 0 ? SOURCE : TeiInputs.place(SENTENCES, i - 1));
        return texts.vectors(exchange, texts.model().lane(), texts.range())
                .thenApplyAsync(
                        answers -> texts.tell(Reply.json(cosines(vectors(answers))), answers), exchange.executor());
    }

    /** Of each vector but the first with that one. */
    private static float[] cosines(float[][] vectors) {
        var cosines = new float[vectors.length - 1];
        for (int i = 0; i < cosines.length; i++) {
            cosines[i] = (float) Embedding.cosine(vectors[0], vectors[i + 1]);
        }
        return cosines;
    }

    private static ObjectNode object(String name, JsonNode node) {
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw ApiError.field(name, name + " must be an object, is " + Json.kind(node));
    }
}
