package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.io.JsonFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What config.json says of a model that has a head: transformers' {@code ...ForSequenceClassification}, {@code ...ForTokenClassification}. */
public final class ClassesConfig {
    /** What config.json says of code of a model's own, by transformers' names of what it stands for. */
    public static final String OWN_CODE = "auto_map";

    public static final String CLASSES = "architectures";

    private static final String SEQUENCES = "ForSequenceClassification";
    private static final String TOKENS = "ForTokenClassification";
    private static final String CAUSAL = "ForCausalLM";
    private static final String WORDS = "ForMaskedLM";
    private static final String TIED = "tie_word_embeddings";
    private static final String PROBLEM = "problem_type";
    private static final String SEVERAL = "multi_label_classification";
    private static final int MOST = 1 << 16;

    /** What sentence-transformers makes of a cross-encoder's score. */
    private static final String ACTIVATION = "sbert_ce_default_activation_function";

    private static final String[] ACTIVATIONS = {
        "torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid"
    };

    private ClassesConfig() {}

    /** What the head gives; empty if config.json names none. */
    static Optional<TextOutput> output(JsonFile config, TextFamily family) {
        if (names(config, SEQUENCES)) {
            return Optional.of(sequences(config, family.head(config), labels(config)));
        }
        return names(config, TOKENS) ? Optional.of(family.tokenHead(config, labels(config))) : Optional.empty();
    }

    /**
     * What the files have to predict masked tokens with; empty if the family has nothing.
     *
     * @throws BadFileException if it is not supported
     */
    public static Optional<WordsForm> words(JsonFile config, TextFamily family, TextArchitecture sizes) {
        Optional<WordsForm> words = family.words(config, sizes);
        if (words.isEmpty() && names(config, WORDS)) {
            throw new BadFileException(
                    config.file(), "architectures is a masked-LM head of " + family.name() + ", which is not read");
        }
        return config.flag(TIED, true) ? words : words.map(WordsForm::untied);
    }

    /** Whether it is a model that goes on writing a text. */
    public static boolean isCausal(JsonFile config) {
        return names(config, CAUSAL);
    }

    /**
     * What a causal model gives that is asked a question.
     *
     * @param template the {@link ChatTemplate} that says so; empty if no file does
     * @param words the tensor that makes words' logits, where it is not the table of their embeddings
     */
    public static TextOutput.Answer answer(JsonFile config, Question question, String template, String words) {
        Optional<String> table = config.flag(TIED, false) ? Optional.empty() : Optional.of(words);
        return new TextOutput.Answer(question, template, table, 0, 0);
    }

    /** Whether config.json names this class alone. */
    public static boolean isClass(JsonFile config, String name) {
        return config.root()
                .path(CLASSES)
                .valueStream()
                .map(each -> each.asString(""))
                .toList()
                .equals(List.of(name));
    }

    /**
     * Refuses a model that has code of its own, which may do anything with token vectors.
     *
     * @throws BadFileException if it has
     */
    public static void requireNoCode(JsonFile config) {
        if (config.has(OWN_CODE)) {
            throw config.refuse(OWN_CODE, "nothing, but beside a modules.json that says what becomes of token vectors");
        }
    }

    private static boolean names(JsonFile config, String kind) {
        return config.root()
                .path(CLASSES)
                .valueStream()
                .anyMatch(name -> name.asString("").endsWith(kind));
    }

    /** A score, of a model whose weights have a head of one row that config.json does not name. */
    public static TextOutput score(JsonFile config, HeadForm head) {
        return sequences(config, head, List.of("LABEL_0"));
    }

    private static TextOutput.SequenceClasses sequences(JsonFile config, HeadForm head, List<String> labels) {
        // Of several numbers that are no classes transformers gives each as it is.
        boolean several = labels.size() == 1 ? several(config, "regression") : several(config);
        var classes = new TextOutput.SequenceClasses(head, labels, several);
        if (classes.isScore()) {
            config.supports(ACTIVATION, ACTIVATIONS);
            JsonNode newer = config.root().path("sentence_transformers").path("activation_fn");
            checkActivation(config, newer, "sentence_transformers");
        }
        return classes;
    }

    /**
     * Whether an input may be of several classes at once.
     *
     * @param others kinds of problems that are supported besides the two of classes
     */
    public static boolean several(JsonFile config, String... others) {
        config.supports(
                PROBLEM,
                Stream.concat(Stream.of(others), Stream.of("single_label_classification", SEVERAL))
                        .toArray(String[]::new));
        return config.root().path(PROBLEM).asString("").equals(SEVERAL);
    }

    /**
     * Scores are given as the head makes them. Their order, and that the logistic function makes probabilities of them, is what sentence-transformers says too where it applies that function or none; of others
     * nobody would know (sentence_transformers/cross_encoder/CrossEncoder.py at 0087b2c6, which takes the logistic function where the field is absent).
     *
     * @param field of the file where it is named
     */
    static void checkActivation(JsonFile file, JsonNode named, String field) {
        if (!named.isMissingNode() && !named.isNull() && !Set.of(ACTIVATIONS).contains(named.asString(""))) {
            throw file.refuse(field, "activation_fn of " + String.join(" or ", ACTIVATIONS));
        }
    }

    private static List<String> labels(JsonFile config) {
        JsonNode names = config.root().path("id2label");
        // As in transformers, which takes 2 where nobody says, and heeds no number beside names.
        int count = names.isEmpty() ? config.integer("num_labels", 1, MOST, 2) : names.size();
        if (count > MOST) {
            throw new BadFileException(config.file(), "id2label has " + count + " labels; supported: up to " + MOST);
        }
        var labels = new ArrayList<String>();
        for (int i = 0; i < count; i++) {
            JsonNode label = names.path(Integer.toString(i));
            if (!names.isEmpty() && !label.isString() && !label.isNumber()) {
                throw new BadFileException(
                        config.file(), "id2label has no label " + i + "; must have one of each class");
            }
            labels.add(names.isEmpty() ? "LABEL_" + i : label.asString());
        }
        return labels;
    }

    /** Writes the same into a config.json of a class such as {@code Bert}. */
    public static void write(TextOutput output, String transformersClass, ObjectNode config) {
        boolean beside = output instanceof TextOutput.TokenVectors vectors && vectors.isBeside();
        config.putArray(CLASSES).add(beside ? LateConfig.CLASS : transformersClass + kind(output));
        switch (output) {
            case TextOutput.Vectors _, TextOutput.Score _ -> {}
            case TextOutput.Answer answer -> config.put(TIED, answer.table().isEmpty());
            case TextOutput.SequenceClasses classes -> {
                writeLabels(classes.labels(), classes.several(), config);
            }
            case TextOutput.TokenClasses classes -> writeLabels(classes.labels(), false, config);
            case TextOutput.TokenVectors _, TextOutput.TokenWeights _ -> {}
            case TextOutput.Sparse sparse -> config.put(TIED, sparse.words().tied());
            case TextOutput.MaskedTokens masked ->
                config.put(TIED, masked.words().tied());
        }
    }

    private static String kind(TextOutput output) {
        return switch (output) {
            case TextOutput.Vectors _, TextOutput.Score _, TextOutput.TokenVectors _, TextOutput.TokenWeights _ ->
                "Model";
            case TextOutput.SequenceClasses _ -> SEQUENCES;
            case TextOutput.TokenClasses _ -> TOKENS;
            case TextOutput.Answer _ -> CAUSAL;
            case TextOutput.Sparse _, TextOutput.MaskedTokens _ -> WORDS;
        };
    }

    /** Writes what classes are called, and whether an input may be of several at once. */
    public static void writeLabels(List<String> labels, boolean several, ObjectNode config) {
        ObjectNode names = config.putObject("id2label");
        ObjectNode numbers = config.putObject("label2id");
        for (int i = 0; i < labels.size(); i++) {
            names.put(Integer.toString(i), labels.get(i));
            numbers.put(labels.get(i), i);
        }
        if (several) {
            config.put(PROBLEM, SEVERAL);
        }
    }
}
