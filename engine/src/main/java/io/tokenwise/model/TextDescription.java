package io.tokenwise.model;

import io.tokenwise.api.BadFileException;
import io.tokenwise.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a model of texts is, apart from its weights. It reads token ids and gives a vector, classes, or something for each token.
 *
 * @param maxTokens longer texts are cut to this many tokens, the special ones included
 * @param output what it gives
 * @param prompts what to put before texts
 */
public record TextDescription(
        String name,
        ModelFamily family,
        TextArchitecture architecture,
        int maxTokens,
        TextOutput output,
        Prompts prompts,
        Optional<JsonNode> acm)
        implements ModelDescription {
    private static final int MOST_MEASURED = 512;

    /** One that gives vectors. */
    public TextDescription(
            String name,
            ModelFamily family,
            TextArchitecture architecture,
            int maxTokens,
            Pooling pooling,
            boolean normalize,
            String queryPrefix,
            String passagePrefix,
            Optional<JsonNode> acm) {
        this(
                name,
                family,
                architecture,
                maxTokens,
                new TextOutput.Vectors(pooling, normalize),
                Prompts.of(queryPrefix, passagePrefix),
                acm);
    }

    @Override
    public TextDescription withAcm(Optional<JsonNode> newAcm) {
        return new TextDescription(name, family, architecture, maxTokens, output, prompts, newAcm);
    }

    /** The same files for another output. */
    TextDescription withOutput(TextOutput newOutput) {
        return new TextDescription(name, family, architecture, maxTokens, newOutput, prompts, acm);
    }

    /**
     * The same with the first layers alone.
     *
     * @throws IllegalArgumentException if it has fewer, or none is left
     */
    TextDescription withLayers(int layers) {
        return new TextDescription(name, family, architecture.withLayers(layers), maxTokens, output, prompts, acm);
    }

    /** What to put before a search query, possibly empty. */
    public String queryPrefix() {
        return prompts.query();
    }

    /** What to put before a text to be found, possibly empty. */
    public String passagePrefix() {
        return prompts.passage();
    }

    /** How token vectors become what the model gives, or what its head reads; empty where no one vector is made of them. */
    public Optional<Pooling> pooling() {
        return switch (output) {
            case TextOutput.Vectors vectors -> Optional.of(vectors.pooling());
            case TextOutput.SequenceClasses classes ->
                Optional.of(classes.head().pooling());
            case TextOutput.Score score -> Optional.of(score.vector().pooling());
            case TextOutput.Answer _ -> Optional.of(Pooling.LAST);
            case TextOutput.TokenClasses _,
                    TextOutput.TokenVectors _,
                    TextOutput.TokenWeights _,
                    TextOutput.Sparse _,
                    TextOutput.MaskedTokens _ -> Optional.empty();
        };
    }

    /** Whether a text's vector is scaled to length 1. */
    public boolean normalize() {
        return output instanceof TextOutput.Vectors vectors && vectors.normalize();
    }

    /** How many of a vector's first values, fewer than all, the model was trained to do with too (Matryoshka), by config.json; often nothing is said. */
    public List<Integer> shorter() {
        return output instanceof TextOutput.Vectors vectors ? vectors.shorter() : List.of();
    }

    /**
     * Checks how many of a vector's first values are wanted (Matryoshka). Where config.json says for how many the model was trained it is one of these; where it
     * says nothing whoever asks must know, as with sentence-transformers.
     *
     * @throws IllegalArgumentException if there are no such vectors
     */
    public int checkDimensions(int wanted) {
        List<Integer> shorter = shorter();
        boolean given = wanted == outputs() || shorter.contains(wanted);
        if (!given && (wanted < 1 || wanted > outputs() || !shorter.isEmpty())) {
            String sizes = shorter.isEmpty()
                    ? "1 to " + outputs()
                    : shorter.stream().map(String::valueOf).collect(Collectors.joining(", ")) + " or " + outputs()
                            + ", for which it was trained";
            throw new IllegalArgumentException("dimensions is " + wanted + ", of " + name + " it must be " + sizes);
        }
        return wanted;
    }

    /**
     * The tokens of two texts in one input, as the model wants them: with the usual prompt before the first.
     *
     * @throws IllegalArgumentException if the tokenizer has no form for pairs
     */
    public Tokenizer.Encoded encodePair(Tokenizer tokenizer, String first, String second) {
        return output instanceof TextOutput.Answer answer
                ? answer.question().encode(tokenizer, prompts.text(), first, second, maxTokens)
                : tokenizer.encodePair(prompts.text() + first, second, maxTokens);
    }

    /**
     * The same with what a tokenizer knows.
     *
     * @throws BadFileException if it knows too little, or a prompt leaves no room for a text
     */
    public TextDescription with(Tokenizer tokenizer) {
        // Of a static model its file may cut texts before the model would.
        int most = tokenizer.maxTokens();
        prompts.byName().forEach((prompt, words) -> {
            // All texts behind it would have one vector.
            if (!words.isEmpty() && tokenizer.encode(words).ids().length == most) {
                throw new BadFileException(
                        name,
                        "its prompt \"" + prompt + "\" fills the " + most
                                + " tokens that the model reads; must leave room for a text");
            }
        });
        if (!(output instanceof TextOutput.Answer answer)) {
            return new TextDescription(name, family, architecture, most, output, prompts, acm);
        }
        Question question = answer.question();
        var known =
                answer.withWords(word(tokenizer, question, question.yes()), word(tokenizer, question, question.no()));
        if (answer.isKnown() && !answer.equals(known)) {
            throw new BadFileException(
                    name,
                    "its score is of the tokens " + answer.yes() + " and " + answer.no() + "; supported: those of "
                            + question.yes() + " and " + question.no() + ", " + known.yes() + " and " + known.no());
        }
        return new TextDescription(name, family, architecture, most, known, prompts, acm);
    }

    private int word(Tokenizer tokenizer, Question question, String word) {
        return tokenizer
                .id(word)
                .orElseThrow(() -> new BadFileException(
                        name,
                        "is a causal model whose tokenizer has no token " + word + "; " + question.model() + "'s has"));
    }

    /** The first values of a vector; of length 1 again if the model's vectors are. */
    public float[] shortened(float[] vector, int dimensions) {
        if (dimensions == vector.length) {
            return vector;
        }
        float[] first = Arrays.copyOf(vector, dimensions);
        return normalize() ? VectorStep.Normalize.scaled(first) : first;
    }

    /**
     * The tokenizer of such a file.
     *
     * @throws BadFileException if it is bad, or has tokens that the model does not know
     */
    public Tokenizer tokenizer(String file, byte[] json) {
        int words = architecture.vocabularySize();
        var tokenizer = Tokenizer.open(file, json, maxTokens, architecture.types(), words);
        if (tokenizer.vocabularySize() > words) {
            throw new BadFileException(
                    file, "has tokens up to " + (tokenizer.vocabularySize() - 1) + ", the model knows only " + words);
        }
        if (output instanceof TextOutput.SequenceClasses classes) {
            classes.head().check(tokenizer, file);
        }
        return architecture.reading(tokenizer);
    }

    @Override
    public void addTo(ObjectNode config) {
        ModelDescription.super.addTo(config);
        if (!shorter().isEmpty()) {
            shorter().forEach(config.putArray(SentenceFiles.SHORTER)::add);
        }
    }

    @Override
    public List<String> weightFolders() {
        return output.steps().stream()
                .map(VectorStep::folder)
                .filter(folder -> !folder.isEmpty())
                .toList();
    }

    @Override
    public Optional<QueryWeights> queries() {
        return output instanceof TextOutput.Sparse sparse ? sparse.queries() : Optional.empty();
    }

    @Override
    public InputKind reads() {
        return InputKind.TEXT;
    }

    @Override
    public String kind() {
        return switch (output) {
            case TextOutput.Vectors _ -> "a text encoder";
            case TextOutput.SequenceClasses classes -> classes.isScore() ? "a cross-encoder" : "a text classifier";
            case TextOutput.Answer _, TextOutput.Score _ -> "a cross-encoder";
            case TextOutput.TokenClasses _ -> "a token classifier";
            case TextOutput.TokenVectors _ -> "a late-interaction encoder";
            case TextOutput.Sparse _, TextOutput.TokenWeights _ -> "a sparse encoder";
            case TextOutput.MaskedTokens _ -> "a masked language model";
        };
    }

    /** A part of a split text may have more tokens than a whole one. */
    @Override
    public int maxTokensOfPart() {
        return architecture.maxPositions();
    }

    /** Each twice the one before it. Longer ones than {@link #MOST_MEASURED} count as that: measuring them would take most of a distillation. */
    @Override
    public List<Integer> measuredLengths(int shortest) {
        int longest = Math.min(maxTokens, MOST_MEASURED);
        var lengths = new ArrayList<Integer>();
        for (int length = shortest; length < longest; length *= 2) {
            lengths.add(length);
        }
        lengths.add(longest);
        return lengths;
    }

    @Override
    public int tokens(int[] ids) {
        return ids.length;
    }

    @Override
    public boolean givesUnitVectors() {
        return normalize();
    }

    /** Tokens that are asked for one by one cannot leave. */
    @Override
    public Adaptable adaptable() {
        Adaptable ofFamily = family.adaptable(this);
        return perToken() ? ofFamily.withoutTokens() : ofFamily;
    }

    @Override
    public Optional<Pooling> pooledToken() {
        return pooling().filter(it -> it != Pooling.MEAN);
    }

    /** Of a vector's own pooling nothing is said: those models are distilled by all of their token vectors. */
    @Override
    public Optional<Pooling> readAlone() {
        return output instanceof TextOutput.Vectors ? Optional.empty() : pooledToken();
    }

    @Override
    public boolean perToken() {
        return output.perToken();
    }

    @Override
    public int outputs() {
        return switch (output) {
            case TextOutput.Vectors vectors -> vectors.width(architecture.hiddenSize());
            case TextOutput.SequenceClasses classes -> classes.labels().size();
            case TextOutput.Answer _, TextOutput.Score _, TextOutput.TokenWeights _ -> 1;
            case TextOutput.TokenClasses classes -> classes.labels().size();
            case TextOutput.TokenVectors vectors -> vectors.dimensions();
            case TextOutput.Sparse _, TextOutput.MaskedTokens _ -> architecture.vocabularySize();
        };
    }
}
