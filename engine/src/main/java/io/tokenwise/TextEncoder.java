package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.Prompts;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Turns texts into vectors with a pre-trained encoder, dense or adaptive; what a service imports.
 *
 * <p>Thread-safe: any number of threads may call; {@link EngineOptions#concurrentCalls} of them run at once and the others wait. A call computes on its own thread and the
 * engine's workers, that of a virtual thread on one of the engine's platform threads. An interrupt ends a call between two batches. A result does not depend on the number of threads nor on what
 * else is in the call. Close waits for running calls, then frees all native memory; later calls, those that still wait for others, and those with {@link LongTexts#SPLIT} that have not begun their
 * parts, throw {@link IllegalStateException}.
 */
public final class TextEncoder implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;
    private final int dimensions;

    TextEncoder(OpenModel model) {
        this(model, model.files().text().outputs());
    }

    private TextEncoder(OpenModel model, int dimensions) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
        this.dimensions = dimensions;
    }

    /**
     * Opens the default built-in model, {@code minilm-acm} if it is on the class path, else {@code minilm}; see {@link #open(String)}.
     *
     * @return the encoder, to be closed
     * @throws IOException if a file cannot be read
     */
    public static TextEncoder open() throws IOException {
        return open(Models.defaultName());
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#textEncoder}.
     *
     * @param model a built-in name, such as {@code minilm-acm}, or a directory in Hugging Face's layout
     * @return the encoder, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     * @throws IOException if a file cannot be read
     */
    public static TextEncoder open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a built-in name or a directory
     * @param options what the engine may use
     * @return the encoder, to be closed
     * @throws IOException if a file cannot be read
     */
    public static TextEncoder open(String model, EngineOptions options) throws IOException {
        return new TextEncoder(OpenModel.open(model, options, ModelFiles::text));
    }

    /**
     * Opens a model from its files, which the encoder closes.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the encoder, to be closed
     */
    public static TextEncoder open(ModelFiles files, EngineOptions options) {
        return new TextEncoder(OpenModel.open(files, options, ModelFiles::text));
    }

    /**
     * {@return an encoder whose vectors are the first values of the model's, of length 1 again if these are; this one's may be fewer} Both are of the same model: to close one is to close both.
     * A model that was not trained for it (Matryoshka) loses much by that; where config.json says for how many values it was
     * ({@code matryoshka_dimensions}), others are refused.
     *
     * @param count of values
     * @throws IllegalArgumentException if the model does not give so many
     */
    public TextEncoder withDimensions(int count) {
        return new TextEncoder(model, description().checkDimensions(count));
    }

    /**
     * {@return the vector of one text, at full budget}
     *
     * @param text cut if it is too long
     */
    public Embedding embed(String text) {
        return embed(EmbedRequest.of(text)).getFirst();
    }

    /**
     * {@return the vector of one text}
     *
     * @param text cut if it is too long
     * @param budget what it may cost
     */
    public Embedding embed(String text, Budget budget) {
        return embed(EmbedRequest.of(text).withBudget(budget)).getFirst();
    }

    /**
     * {@return the vectors of many texts, in their order, at full budget}
     *
     * @param texts cut where they are too long
     */
    public List<Embedding> embed(List<String> texts) {
        return embed(EmbedRequest.of(texts));
    }

    /**
     * {@return the vectors of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budget what each of them may cost
     */
    public List<Embedding> embed(List<String> texts, Budget budget) {
        return embed(EmbedRequest.of(texts).withBudget(budget));
    }

    /**
     * {@return the vectors of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budgets one for each text
     * @throws IllegalArgumentException if there are not as many budgets as texts
     */
    public List<Embedding> embed(List<String> texts, List<Budget> budgets) {
        return embed(EmbedRequest.of(texts).withBudgets(budgets));
    }

    /**
     * {@return the vector of a search query, at full budget; see {@link #embedQuery(String, Budget)}}
     *
     * @param query cut if it is too long
     */
    public Embedding embedQuery(String query) {
        return embedQuery(query, Budget.FULL);
    }

    /**
     * {@return the vector of a search query: with what the model wants to see before queries, if anything}
     *
     * @param query cut if it is too long
     * @param budget what it may cost
     */
    public Embedding embedQuery(String query, Budget budget) {
        return embed(EmbedRequest.of(query).withBudget(budget).as(InputType.QUERY))
                .getFirst();
    }

    /**
     * {@return the vectors of texts to be found, in their order, at full budget; see {@link #embedPassages(List, Budget)}}
     *
     * @param passages cut where they are too long
     */
    public List<Embedding> embedPassages(List<String> passages) {
        return embedPassages(passages, Budget.FULL);
    }

    /**
     * {@return the vectors of texts to be found, in their order: with what the model wants to see before them, if anything}
     *
     * @param passages cut where they are too long
     * @param budget what each of them may cost
     */
    public List<Embedding> embedPassages(List<String> passages, Budget budget) {
        return embed(EmbedRequest.of(passages).withBudget(budget).as(InputType.PASSAGE));
    }

    /**
     * The vectors of a request's texts, in their order.
     *
     * @param request the texts, and how
     * @return a vector for each text
     * @throws IllegalArgumentException if a budget is one that the model cannot keep, or it has no such prompt or vectors of so many values
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins; of a virtual thread as soon as it passes
     */
    public List<Embedding> embed(EmbedRequest request) {
        return embed(
                request,
                (inputs, budgets, length, given) -> model.encode(inputs, budgets, length, given, request.deadline()));
    }

    /**
     * The same without waiting: computed on the engine's own platform threads, on which also runs what depends on the future, unless it is told another executor: that must not wait for
     * another future of the engine. Of many calls as
     * many as {@link EngineOptions#concurrentCalls} run at once and the others wait in their order.
     *
     * <p>A future that is cancelled drops what is not computed yet. It fails as {@link #embed(EmbedRequest)} does, with {@link io.tokenwise.api.DeadlineException} as soon as the deadline
     * passes (what depends on it then runs on the JVM's one timer thread, and must be short), and with {@link java.util.concurrent.RejectedExecutionException} if 16,384 calls wait already, those of virtual
     * threads included.
     *
     * @param request the texts, and how
     * @return a vector for each text, later
     */
    public CompletableFuture<List<Embedding>> embedAsync(EmbedRequest request) {
        return model.start(request.deadline(), encoding -> embed(request, encoding));
    }

    private List<Embedding> embed(EmbedRequest request, OpenModel.Encoding encoding) {
        return request.longTexts() == LongTexts.CUT ? embedCut(request, encoding) : embedSplit(request, encoding);
    }

    private List<Embedding> embedCut(EmbedRequest request, OpenModel.Encoding encoding) {
        String prefix = prefix(request);
        int values = dimensions(request);
        List<Tokenizer.Encoded> encoded = request.texts().stream()
                .map(text -> tokenizer.encode(prefix + text))
                .toList();
        float[][] vectors = encoding.encode(
                encoded.stream().map(Tokenizer.Encoded::ids).toList(),
                request.budgets(),
                VectorLength.DESCRIBED,
                Given.each(InputKind.TEXT, encoded.size()));
        var embeddings = new ArrayList<Embedding>(vectors.length);
        for (int i = 0; i < vectors.length; i++) {
            Tokenizer.Encoded text = encoded.get(i);
            Spent spent =
                    Spent.of(model.encoder(), text.ids(), request.budgets().get(i));
            float[] vector = description().shortened(vectors[i], values);
            embeddings.add(new Embedding(vector, text.ids().length, text.truncated(), spent));
        }
        return embeddings;
    }

    private List<Embedding> embedSplit(EmbedRequest request, OpenModel.Encoding encoding) {
        String prefix = prefix(request);
        int values = dimensions(request);
        int most = description().architecture().maxPositions();
        List<TextParts> texts = request.texts().stream()
                .map(text -> TextParts.of(prefix, text, tokenizer, most))
                .toList();
        List<float[]> vectors = new SplitTexts(texts, request.budgets())
                .encode(encoding, description().normalize());
        var embeddings = new ArrayList<Embedding>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            TextParts text = texts.get(i);
            Spent spent =
                    Spent.of(model.encoder(), text.parts(), request.budgets().get(i));
            float[] vector = description().shortened(vectors.get(i), values);
            embeddings.add(new Embedding(vector, text.tokens(), false, spent));
        }
        return embeddings;
    }

    private String prefix(EmbedRequest request) {
        if (request.prompt().isPresent()) {
            return description().prompts().named(request.prompt().get(), name());
        }
        return prefix(request.inputType());
    }

    private String prefix(InputType inputType) {
        Prompts prompts = description().prompts();
        return switch (inputType) {
            case TEXT -> prompts.text();
            case QUERY -> prompts.query();
            case PASSAGE -> prompts.passage();
        };
    }

    private int dimensions(EmbedRequest request) {
        return request.dimensions().isPresent()
                ? description().checkDimensions(request.dimensions().getAsInt())
                : dimensions;
    }

    private TextDescription description() {
        return model.files().text();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return how many values a vector has} */
    public int dimensions() {
        return dimensions;
    }

    /** {@return how many tokens the model reads of a text at most, special ones included} */
    public int maxTokens() {
        return description().maxTokens();
    }

    /** {@return whether budgets change what it does; a dense model ignores them} */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /** {@return whether queries and passages get different vectors, because the model has words to put before them} */
    public boolean hasInputTypes() {
        return !description().queryPrefix().equals(description().passagePrefix());
    }

    /**
     * {@return how many tokens a text has, special ones included, however long it is; more than {@link #maxTokens} are not all read}
     *
     * @param text without what the model wants to see before it
     */
    public int countTokens(String text) {
        return tokenizer.encodeAll(text).length + tokenizer.frame().marks();
    }

    /**
     * {@return the same with what the model wants to see before such a text, if anything}
     *
     * @param text of any length
     * @param inputType what it is to the model
     */
    public int countTokens(String text, InputType inputType) {
        return countTokens(prefix(inputType) + text);
    }

    /**
     * {@return a text's tokens as the model reads them: with what it wants to see before such a text, cut if there are more than {@link #maxTokens}, special ones included}
     *
     * @param text of any length
     * @param inputType what it is to the model
     */
    public int[] ids(String text, InputType inputType) {
        NullTexts.refuse("ids", "the text", text);
        return tokenizer.encode(prefix(inputType) + text).ids();
    }

    /**
     * {@return a text's tokens in their order, special ones included, however long it is}
     *
     * @param text without what the model wants to see before it
     */
    public List<TextToken> tokenize(String text) {
        List<Tokenizer.Place> places = tokenizer.places(text);
        if (places.isEmpty() && tokenizer.frame().marks() == 0) {
            // What stands for nothing is no token.
            return List.of();
        }
        int[] ids = tokenizer.surrounded(
                places.stream().mapToInt(Tokenizer.Place::id).toArray());
        List<String> words = tokenizer.tokens(ids);
        int before = tokenizer.frame().before().length;
        var tokens = new ArrayList<TextToken>(ids.length);
        for (int i = 0; i < ids.length; i++) {
            boolean special = i < before || i >= before + places.size();
            Tokenizer.Place place = special ? new Tokenizer.Place(ids[i], 0, 0) : places.get(i - before);
            tokens.add(new TextToken(place.id(), words.get(i), place.start(), place.end(), special));
        }
        return tokens;
    }

    /**
     * Embeds short and long texts at several budgets until that gets no faster, which takes from some tenths of a second to eight: the JVM compiles what runs often. To be called before a
     * service says that it is ready. It takes one of the calls that run at the same time, and all threads of a call.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        List<String> texts = WarmUp.texts(maxTokens());
        WarmUp.atBudgets(model.encoder(), budget -> {
            texts.forEach(text -> embed(text, budget));
            embed(texts, budget);
        });
    }

    /** {@return the model behind, for this project's own modules} */
    public OpenModel model() {
        return model;
    }

    @Override
    public void close() {
        model.close();
    }
}
