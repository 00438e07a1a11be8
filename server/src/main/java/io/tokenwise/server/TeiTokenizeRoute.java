package io.tokenwise.server;

import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;

/** Text-embeddings-inference's {@code POST /tokenize} and {@code /decode}. */
final class TeiTokenizeRoute {
    /** Of the answer: two megabytes of text may have a million tokens. */
    private static final int BYTES_PER_TOKEN = 80;

    private final ServedModels models;
    private final LargeAnswers answers;

    TeiTokenizeRoute(ServedModels models, LargeAnswers answers) {
        this.models = models;
        this.answers = answers;
    }

    /** {@code {inputs}} in, for each text its tokens out: all of them, also of one that is too long for the model. */
    CompletableFuture<Reply> tokenize(Exchange exchange) {
        return exchange.json().thenApply(fields -> {
            ServedModel.Encoding model = models.findOrFirst(exchange, fields.text("model"), ServedModel.Encoding.class)
                    .model();
            Tokenizer tokenizer = model.tokenizer();
            boolean special = fields.flag("add_special_tokens").orElse(true);
            String prefix = TeiTexts.prefix(fields, model);
            List<String> texts = texts(fields.needed("inputs"), prefix);
            long tokens = texts.stream()
                    .mapToLong(text -> tokenizer.encodeAll(text).length)
                    .sum();
            answers.hold(exchange, BYTES_PER_TOKEN * tokens);
            return Reply.json(200, Json.written(json -> {
                json.writeStartArray();
                texts.forEach(text -> write(json, tokenizer, text, special));
                json.writeEndArray();
            }));
        });
    }

    private static List<String> texts(JsonNode inputs, String prefix) {
        List<String> texts = new ArrayList<>();
        if (inputs.isArray()) {
            if (inputs.isEmpty()) {
                throw TeiInputs.empty("inputs");
            }
            TeiInputs.checkSize(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                texts.add(text(TeiInputs.name(i), inputs.get(i)));
            }
        } else {
            texts.add(text("inputs", inputs));
        }
        return texts.stream().map(text -> prefix + text).toList();
    }

    private static String text(String name, JsonNode node) {
        String text = Fields.text(name, node);
        if (text.isEmpty()) {
            throw TeiInputs.empty(name);
        }
        return text;
    }

    private static void write(JsonGenerator json, Tokenizer tokenizer, String text, boolean special) {
        json.writeStartArray();
        if (special) {
            writeSpecial(json, tokenizer, tokenizer.frame().before());
        }
        var bytes = new BytesBefore(text);
        for (Tokenizer.Place token : tokenizer.places(text)) {
            json.writeStartObject();
            json.writeNumberProperty("id", token.id());
            json.writeStringProperty("text", text.substring(token.start(), token.end()));
            json.writeBooleanProperty("special", false);
            json.writeNumberProperty("start", bytes.of(token.start()));
            json.writeNumberProperty("stop", bytes.of(token.end()));
            json.writeEndObject();
        }
        if (special) {
            writeSpecial(json, tokenizer, tokenizer.frame().after());
        }
        json.writeEndArray();
    }

    private static void writeSpecial(JsonGenerator json, Tokenizer tokenizer, int... ids) {
        for (int id : ids) {
            json.writeStartObject();
            json.writeNumberProperty("id", id);
            json.writeStringProperty("text", tokenizer.tokens(new int[] {id}).getFirst());
            json.writeBooleanProperty("special", true);
            json.writeNullProperty("start");
            json.writeNullProperty("stop");
            json.writeEndObject();
        }
    }

    /** Text-embeddings-inference counts places in bytes of UTF-8. Asked from left to right it walks a text once. */
    private static final class BytesBefore {
        private final String text;
        private int place;
        private int bytes;

        BytesBefore(String text) {
            this.text = text;
        }

        /** The bytes before a place. */
        int of(int asked) {
            while (place < asked) {
                int c = text.codePointAt(place);
                place += Character.charCount(c);
                bytes += size(c);
            }
            while (place > asked) {
                int c = text.codePointBefore(place);
                place -= Character.charCount(c);
                bytes -= size(c);
            }
            return bytes;
        }

        private static int size(int c) {
            if (c < 0x80) {
                return 1;
            }
            if (c < 0x800) {
                return 2;
            }
            return c < 0x10000 ? 3 : 4;
        }
    }

    /** {@code {ids}} in, texts out. */
    CompletableFuture<Reply> decode(Exchange exchange) {
        return exchange.json().thenApply(fields -> {
            Tokenizer tokenizer = models.findOrFirst(exchange, fields.text("model"), ServedModel.Encoding.class)
                    .model()
                    .tokenizer();
            boolean withSpecial = !fields.flag("skip_special_tokens").orElse(true);
            return Reply.json(texts(fields.needed("ids"), tokenizer, withSpecial));
        });
    }

    private static List<String> texts(JsonNode ids, Tokenizer tokenizer, boolean withSpecial) {
        if (!ids.isArray()
                || !ids.isEmpty() && !ids.get(0).isArray() && !ids.get(0).isNumber()) {
            throw ApiError.field("ids", "ids must be an array of token ids, or an array of such");
        }
        if (ids.isEmpty() || ids.get(0).isNumber()) {
            return List.of(tokenizer.decode(TeiInputs.ids("ids", ids, tokenizer), withSpecial));
        }
        TeiInputs.checkSize(ids.size());
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < ids.size(); i++) {
            String name = TeiInputs.place("ids", i);
            if (!ids.get(i).isArray()) {
                throw ApiError.field(name, name + " must be an array of token ids, is " + Json.kind(ids.get(i)));
            }
            texts.add(tokenizer.decode(TeiInputs.ids(name, ids.get(i), tokenizer), withSpecial));
        }
        return texts;
    }
}
