package io.tokenwise.server;

import io.tokenwise.TextClassifier;
import io.tokenwise.TextClassifier.Pair;
import io.tokenwise.server.TeiPredictRoute.Inputs;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The field {@code inputs} of texts, as text-embeddings-inference's {@code /predict} knows it: a text, {@code [first, second]} of a pair, or an array of {@code [text]} and {@code [first,
 * second]}.
 */
final class PredictedTexts {
    private static final String INPUTS = "inputs";
    private static final String FORMS =
            "inputs must be a text, [first, second] of a pair, or an array of such in brackets: [[text], [first, second]]";

    private final TextClassifier classifier;
    private final boolean mayCut;
    private final List<int[]> ids = new ArrayList<>();
    private int truncated;
    private int characters;

    private PredictedTexts(TextClassifier classifier, boolean mayCut) {
        this.classifier = classifier;
        this.mayCut = mayCut;
    }

    /** @throws ApiError 400 if a text is empty, 422 if the field has another form, too many texts, or one that is too long and may not be cut */
    static Inputs read(Fields fields, ServedModel.Classes model) {
        fields.word("truncation_direction", List.of("right", "Right"));
        var reading =
                new PredictedTexts(model.classifier(), fields.flag("truncate").orElse(true));
        JsonNode inputs = fields.needed(INPUTS);
        boolean batch = inputs.isArray() && !inputs.isEmpty() && inputs.get(0).isArray();
        if (batch) {
            TeiInputs.checkSize(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                reading.input(TeiInputs.name(i), inputs.get(i));
            }
        } else {
            reading.input(INPUTS, inputs);
        }
        return new Inputs(reading.ids, batch, reading.truncated, reading.characters);
    }

    private void input(String name, JsonNode input) {
        if (!input.isArray()) {
            add(name, classifier.encode(text(name, input)));
            return;
        }
        switch (input.size()) {
            case 1 -> add(name, classifier.encode(text(name, input.get(0))));
            case 2 -> add(name, pair(name, text(name, input.get(0)), text(name, input.get(1))));
            default -> throw ApiError.field(name, name + " has " + input.size() + " values: " + FORMS);
        }
    }

    private Tokenizer.Encoded pair(String name, String first, String second) {
        try {
            return classifier.encode(new Pair(first, second));
        } catch (IllegalArgumentException e) {
            throw TeiInputs.wrong(
                    "`" + name + "` has a pair of texts, and this model's tokenizer has no form for pairs");
        }
    }

    private String text(String name, JsonNode node) {
        if (!node.isString()) {
            throw ApiError.field(name, name + " has " + Json.kind(node) + ": " + FORMS);
        }
        String text = Fields.text(name, node);
        if (text.isEmpty()) {
            throw TeiInputs.empty(name);
        }
        characters += text.codePointCount(0, text.length());
        return text;
    }

    private void add(String name, Tokenizer.Encoded encoded) {
        if (encoded.ids().length == 0) {
            throw TeiInputs.wrong("`" + name + "` has a text without a token");
        }
        if (encoded.truncated() && !mayCut) {
            throw TeiInputs.wrong(
                    "`" + name + "` must have at most " + classifier.maxTokens() + " tokens, and has more");
        }
        truncated += encoded.truncated() ? 1 : 0;
        ids.add(encoded.ids());
    }
}
