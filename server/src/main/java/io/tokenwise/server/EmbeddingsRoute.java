package io.tokenwise.server;

import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.server.ServerOptions.Limits;
import io.tokenwise.server.observe.Operation;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;

/** OpenAI's {@code POST /v1/embeddings}, with a budget. */
final class EmbeddingsRoute implements Route {
    private static final String QUERY = "query";
    static final String PASSAGE = "passage";
    private static final String BASE64 = "base64";

    private final ServedModels models;
    private final Limits limits;

    EmbeddingsRoute(ServedModels models, Limits limits) {
        this.models = models;
        this.limits = limits;
    }

    /** A request that is understood. */
    private record Asked(
            String model, ServedText text, TextInputs inputs, BudgetRange range, int dimensions, boolean base64) {}

    @Override
    public CompletableFuture<Reply> handle(Exchange exchange) {
        Observation observation = exchange.observe(Operation.EMBED);
        return exchange.json().thenCompose(fields -> {
            long start = System.nanoTime();
            Asked asked = read(exchange, fields);
            observation.asked(
                    asked.model(),
                    TextInputs.isList(fields.needed("input")),
                    Duration.ofNanos(System.nanoTime() - start));
            var answers = Together.answers(
                    exchange, asked.text().lane(), asked.inputs().ids(), asked.range(), exchange.deadline());
            return answers.thenApplyAsync(all -> reply(observation, asked, all), exchange.executor());
        });
    }

    private Asked read(Exchange exchange, Fields fields) {
        String name = fields.neededText("model");
        var found = models.find(exchange, name, ServedModel.Texts.class);
        ServedText text = found.model().text();
        TextDescription description = text.description();
        Optional<String> kind = fields.word("input_type", List.of(QUERY, PASSAGE));
        boolean base64 = fields.word("encoding_format", List.of("float", BASE64))
                .orElse("")
                .equals(BASE64);
        fields.text("user");
        int dimensions = dimensions(fields, found.model().name(), description);
        String prefix = kind.map(word -> word.equals(QUERY) ? description.queryPrefix() : description.passagePrefix())
                .orElse(description.prompts().text());
        var inputs = TextInputs.read("input", fields.needed("input"), prefix, text.tokenizer(), limits.texts());
        AskedBudget budget = budget(
                text.defaults(),
                BudgetAsk.of(exchange, fields, found.budget()),
                kind,
                inputs.ids().size());
        return new Asked(found.model().name(), text, inputs, text.range(budget), dimensions, base64);
    }

    /** Vectors for an index must not depend on load; queries may. */
    static AskedBudget budget(BudgetDefaults defaults, Optional<AskedBudget> asked, Optional<String> kind, int texts) {
        if (kind.equals(Optional.of(PASSAGE))) {
            if (asked.isPresent() && asked.get() instanceof AskedBudget.Auto) {
                throw ApiError.field(
                        "budget",
                        "budget is auto, and passages are for an index, whose vectors must not depend on load: give a"
                                + " number");
            }
            return asked.orElse(defaults.forIndex());
        }
        return asked.orElse(texts == 1 || kind.isPresent() ? defaults.budget() : defaults.forIndex());
    }

    /** How many values of a vector are asked for. Whoever asks need not know the model: so only what it says itself that it was trained for. */
    static int dimensions(Fields fields, String model, TextDescription description) {
        int all = description.outputs();
        int asked = fields.whole("dimensions").orElse(all);
        List<Integer> shorter = ((TextOutput.Vectors) description.output()).shorter();
        if (asked != all && !shorter.contains(asked)) {
            throw ApiError.field(
                    "dimensions",
                    shorter.isEmpty()
                            ? "dimensions must be " + all + " or left out: the config.json of " + model
                                    + " does not say that it was trained for shorter vectors (matryoshka_dimensions)"
                            : "dimensions must be one of " + shorter + ", " + all + " or left out: for these " + model
                                    + " was trained");
        }
        return asked;
    }

    private static Reply reply(Observation observation, Asked asked, List<Answer<float[]>> answers) {
        observation.answered(asked.inputs().lengths(), answers);
        return Costs.of(observation.inputs(), asked.inputs().truncated())
                .tell(Reply.json(200, Json.written(json -> write(json, asked, answers))));
    }

    private static void write(JsonGenerator json, Asked asked, List<Answer<float[]>> answers) {
        json.writeStartObject();
        json.writeStringProperty("object", "list");
        json.writeArrayPropertyStart("data");
        for (int i = 0; i < answers.size(); i++) {
            json.writeStartObject();
            json.writeStringProperty("object", "embedding");
            json.writeNumberProperty("index", i);
            json.writeName("embedding");
            float[] vector = asked.text().description().shortened(answers.get(i).result(), asked.dimensions());
            if (asked.base64()) {
                json.writeString(Base64.getEncoder().encodeToString(littleEndian(vector)));
            } else {
                writeFloats(json, vector);
            }
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeStringProperty("model", asked.model());
        json.writeObjectPropertyStart("usage");
        json.writeNumberProperty("prompt_tokens", asked.inputs().tokens());
        json.writeNumberProperty("total_tokens", asked.inputs().tokens());
        json.writeEndObject();
        json.writeEndObject();
    }

    private static void writeFloats(JsonGenerator json, float[] vector) {
        json.writeStartArray();
        for (float value : vector) {
            json.writeNumber(value);
        }
        json.writeEndArray();
    }

    private static byte[] littleEndian(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return bytes.array();
    }
}
