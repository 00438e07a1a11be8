package io.tokenwise.cli;

import io.tokenwise.model.Adaptable;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.Objective;
import io.tokenwise.model.QueryWeights;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.VectorStep;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Sessions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What {@code check} says of models that read texts. */
final class CheckedTexts {
    /** A length, in tokens, up to which most models go. */
    private static final int SHORT = 512;

    private static final int MOST_LABELS = 12;

    private static final String MASKED = "a masked language model";

    private CheckedTexts() {}

    static Json.CheckedText of(OpenModel model) {
        return of(model, false, List.of());
    }

    /**
     * Of a text encoder.
     *
     * @param masked whether there is a masked-LM head beside what it was opened for
     * @param besides what it can be opened as by other layers
     */
    static Json.CheckedText of(OpenModel model, boolean masked, List<String> besides) {
        ModelFiles files = model.files();
        var text = (TextDescription) files.description();
        Map<Integer, Long> memory = new LinkedHashMap<>();
        for (int length : new int[] {Math.min(SHORT, text.maxTokens()), text.maxTokens()}) {
            memory.put(length, Sessions.memoryLimit(model.encoder(), length));
        }
        return new Json.CheckedText(
                masked ? MASKED : kind(text),
                files.tokenizer().kind(),
                files.tokenizer().vocabularySize(),
                text.pooling()
                        .map(pooling -> pooling.name().toLowerCase(Locale.ROOT))
                        .orElse(null),
                text.output().dense().stream().map(VectorStep.Dense::outputs).toList(),
                text.normalize(),
                text.output() instanceof TextOutput.Vectors vectors ? vectors.shorter() : List.of(),
                text.prompts().byName(),
                text.prompts().usual().orElse(null),
                adaptive(text),
                labels(text),
                memory,
                masked ? text.architecture().vocabularySize() : 0,
                text.queries().map(QueryWeights::tokens).orElse(0),
                besides);
    }

    /** Of Qwen3 no file says what a causal model is asked, so that of another question is taken for this one. */
    private static String kind(TextDescription text) {
        return text.kind()
                + (text.output() instanceof TextOutput.Answer answer
                        ? ", asked as " + answer.question().model() + " is"
                        : "");
    }

    private static List<String> labels(TextDescription text) {
        return switch (text.output()) {
            case TextOutput.SequenceClasses classes when !classes.isScore() -> classes.labels();
            case TextOutput.TokenClasses classes -> classes.labels();
            default -> List.of();
        };
    }

    private static List<String> adaptive(TextDescription text) {
        if (text.acm().isPresent() || text.objective() == Objective.NONE) {
            return List.of();
        }
        Adaptable adaptable = text.adaptable();
        var parts = new ArrayList<String>();
        if (adaptable.tokens()) {
            parts.add("tokens");
        }
        parts.addAll(List.of(adaptable.usual().split(",")));
        return parts;
    }

    /** What is printed, name by name. */
    static Map<String, String> rows(Json.Check check, TextDescription description) {
        Json.CheckedText text = check.text();
        Map<String, String> rows = new LinkedHashMap<>();
        if (description.output() instanceof TextOutput.Vectors) {
            if (text.words() > 0) {
                rows.put("gives", numbers(text.words()) + " for each token: " + text.kind());
            }
            rows.put(text.words() > 0 ? "as text encoder" : "gives", vector(check));
            if (!text.besides().isEmpty()) {
                rows.put("and can be", String.join("; ", text.besides()));
            }
            rows.put("fewer values", shorter(text.shorter()));
            rows.put("prompts", prompts(text));
        } else {
            String each = description.perToken() ? " for each token: " : ": ";
            rows.put("gives", numbers(check.outputs()) + each + text.kind());
        }
        description.queries().ifPresent(queries -> rows.put("queries", queries(queries)));
        if (description.output() instanceof TextOutput.Sparse) {
            rows.put("prompts", prompts(text));
        }
        if (!text.labels().isEmpty()) {
            rows.put("classes", labels(text.labels()));
        }
        rows.put("tokenizer", String.format(Locale.ROOT, "%s, %,d tokens", text.tokenizer(), text.tokens()));
        if (!text.adaptive().isEmpty()) {
            rows.put("distill --adapt", String.join(", ", text.adaptive()));
        }
        rows.put("memory", memory(text.memory()) + ", without its weights");
        return rows;
    }

    private static String vector(Json.Check check) {
        Json.CheckedText text = check.text();
        String dense = text.dense().isEmpty()
                ? ""
                : ", dense layers of "
                        + text.dense().stream().map(String::valueOf).collect(Collectors.joining(", "));
        return numbers(check.outputs()) + ": pooled by " + text.pooling() + dense
                + (text.normalized() ? ", of length 1" : ", of any length");
    }

    private static String queries(QueryWeights queries) {
        return String.format(
                Locale.ROOT,
                "weights of %,d tokens, looked up without the model%s%s",
                queries.tokens(),
                queries.maxTokens() == Integer.MAX_VALUE
                        ? ""
                        : String.format(Locale.ROOT, ", of up to %,d tokens", queries.maxTokens()),
                queries.areTextsLookedUp() ? "; so are texts of which nothing is said" : "");
    }

    private static String numbers(int count) {
        return count + (count == 1 ? " number" : " numbers");
    }

    private static String labels(List<String> labels) {
        String first = String.join(", ", labels.subList(0, Math.min(MOST_LABELS, labels.size())));
        return labels.size() <= MOST_LABELS ? first : first + " and " + (labels.size() - MOST_LABELS) + " more";
    }

    private static String shorter(List<Integer> shorter) {
        return shorter.isEmpty()
                ? "config.json does not say whether it was trained for them"
                : shorter.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    private static String prompts(Json.CheckedText text) {
        String all = text.prompts().entrySet().stream()
                .filter(prompt -> !prompt.getValue().isEmpty())
                .map(prompt -> prompt.getKey() + " '" + prompt.getValue().replace("\n", "\\n") + "'"
                        + (prompt.getKey().equals(text.usual()) ? " (where none is named)" : ""))
                .collect(Collectors.joining(", "));
        return all.isEmpty() ? "none" : all;
    }

    private static String memory(Map<Integer, Long> bytes) {
        return bytes.entrySet().stream()
                .map(entry -> String.format(
                        Locale.ROOT, "at most %.0f MB for %,d tokens", entry.getValue() / 1e6, entry.getKey()))
                .collect(Collectors.joining(", "));
    }
}
