package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What config.json says of a model that gives a text's classes, or a score: transformers' {@code ...ForSequenceClassification}. */
public final class ClassesConfig {
    private static final String KIND = "ForSequenceClassification";
    private static final String SEVERAL = "multi_label_classification";
    private static final int MOST = 1 << 16;

    private ClassesConfig() {}

    static boolean isIn(JsonFile config) {
        return config.root()
                .path("architectures")
                .valueStream()
                .anyMatch(name -> name.asString("").endsWith(KIND));
    }

    static TextOutput.SequenceClasses read(JsonFile config, HeadForm head) {
        config.supports("problem_type", "regression", "single_label_classification", SEVERAL);
        return new TextOutput.SequenceClasses(
                head,
                labels(config),
                config.root().path("problem_type").asString("").equals(SEVERAL));
    }

    private static List<String> labels(JsonFile config) {
        JsonNode names = config.root().path("id2label");
        // What transformers takes where nobody says.
        int count = config.integer("num_labels", 1, MOST, names.isEmpty() ? 2 : Math.min(MOST, names.size()));
        if (!names.isEmpty() && names.size() != count) {
            throw new BadFileException(
                    config.file(), "id2label has " + names.size() + " labels, num_labels is " + count);
        }
        var labels = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            JsonNode label = names.path(Integer.toString(i));
            if (!names.isEmpty() && !label.isString()) {
                throw new BadFileException(
                        config.file(), "id2label has no label " + i + "; must have one of each class");
            }
            labels.add(label.asString("LABEL_" + i));
        }
        return labels;
    }

    /** Writes the same into a config.json of a class such as {@code Bert}. */
    public static void write(TextOutput output, String transformersClass, ObjectNode config) {
        if (!(output instanceof TextOutput.SequenceClasses classes)) {
            config.putArray("architectures").add(transformersClass + "Model");
            return;
        }
        config.putArray("architectures").add(transformersClass + KIND);
        ObjectNode names = config.putObject("id2label");
        ObjectNode numbers = config.putObject("label2id");
        for (int i = 0; i < classes.labels().size(); i++) {
            names.put(Integer.toString(i), classes.labels().get(i));
            numbers.put(classes.labels().get(i), i);
        }
        if (classes.several()) {
            config.put("problem_type", SEVERAL);
        }
    }
}
