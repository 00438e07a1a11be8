package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.QueryWeights;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.TokenTypes;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Turns texts into sparse vectors, a weight for each token of the vocabulary that a text is about, though it may not stand in it (SPLADE), with a masked language model that was trained for it, dense or
 * adaptive; what a service imports. An inverted index, such as that of a search engine, finds such vectors. A text encoder with bge-m3's {@code sparse_linear.pt} beside it weighs the tokens that stand in a text.
 *
 * <p>Some models, such as OpenSearch's, read only texts to be found with the network (inference-free SPLADE). Of a query each token that stands in it has its weight in a table, once: {@link #embedQuery} then
 * waits for no other call, and budgets and deadlines change nothing of it.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, those that still wait for others, and those of many texts that have not begun all of them, throw {@link IllegalStateException}.
 */
public final class SparseEncoder implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;
    private final Optional<QueryWeights> table;

    /** How tokens that stand in a text are weighed, if no others are. */
    private final Optional<TextOutput.TokenWeights> ownWeights;

    /** What cuts queries. */
    private final Tokenizer ofQueries;

    SparseEncoder(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
        this.table = description().queries();
        this.ownWeights = Optional.of(description().output())
                .filter(TextOutput.TokenWeights.class::isInstance)
                .map(TextOutput.TokenWeights.class::cast);
        this.ofQueries =
                table.map(weights -> tokenizer.bare(weights.maxTokens())).orElse(tokenizer);
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#sparseEncoder}.
     *
     * @param model a directory in Hugging Face's layout: of sentence-transformers' SparseEncoder, a masked language model, or one as bge-m3's
     * @return the encoder, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model has no masked-LM head and no layer of bge-m3's
     * @throws IOException if a file cannot be read
     */
    public static SparseEncoder open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a directory
     * @param options what the engine may use
     * @return the encoder, to be closed
     * @throws IOException if a file cannot be read
     */
    public static SparseEncoder open(String model, EngineOptions options) throws IOException {
        return open(Models.open(model), options);
    }

    /**
     * Opens a model from its files, which the encoder closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the encoder, to be closed
     * @throws io.tokenwise.api.BadFileException if the model has no masked-LM head and no layer of bge-m3's
     */
    public static SparseEncoder open(ModelFiles files, EngineOptions options) {
        return new SparseEncoder(OpenModel.openAs(files, options, ModelFiles::sparse));
    }

    /**
     * {@return the vector of a text, at full budget: as of one to be found, but see {@link #looksTextsUp}, with what the model wants to see before a text of which nothing is said, if anything}
     *
     * @param text cut if it is too long
     */
    public SparseVector embed(String text) {
        return embed(text, Budget.FULL);
    }

    /**
     * {@return the vector of a text}
     *
     * @param text cut if it is too long
     * @param budget what it may cost
     */
    public SparseVector embed(String text, Budget budget) {
        return embed(Collections.singletonList(text), budget).getFirst();
    }

    /**
     * {@return the vectors of many texts, in their order, at full budget}
     *
     * @param texts cut where they are too long
     */
    public List<SparseVector> embed(List<String> texts) {
        return embed(texts, Budget.FULL);
    }

    /**
     * {@return the vectors of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budget what each of them may cost
     */
    public List<SparseVector> embed(List<String> texts, Budget budget) {
        return embed(texts, budget, Deadline.NONE);
    }

    /**
     * {@return the vectors of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<SparseVector> embed(List<String> texts, Budget budget, Deadline deadline) {
        NullTexts.refuse("embed", texts);
        String prompt = description().prompts().text();
        return looksTextsUp() ? lookUp(prompt, texts) : embed(prompt, texts, budget, deadline);
    }

    /**
     * {@return the vector of a search query, at full budget: with what the model wants to see before queries, if anything; see {@link #looksQueriesUp}}
     *
     * @param query cut if it is too long
     */
    public SparseVector embedQuery(String query) {
        return embedQuery(query, Budget.FULL);
    }

    /**
     * {@return the vector of a search query}
     *
     * @param query cut if it is too long
     * @param budget what it may cost
     */
    public SparseVector embedQuery(String query, Budget budget) {
        return embedQueries(Collections.singletonList(query), budget, Deadline.NONE)
                .getFirst();
    }

    /**
     * {@return the vectors of many search queries, in their order}
     *
     * @param queries cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or, where the network is asked, if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the network is asked and the deadline passes before the last batch begins
     */
    public List<SparseVector> embedQueries(List<String> queries, Budget budget, Deadline deadline) {
        NullTexts.refuse("embedQueries", queries);
        String prompt = description().queryPrefix();
        return looksQueriesUp() ? lookUp(prompt, queries) : embed(prompt, queries, budget, deadline);
    }

    private List<SparseVector> lookUp(String prompt, List<String> texts) {
        model.requireOpen();
        return texts.stream()
                .map(text -> lookUp(ofQueries.encode(prompt + text).ids()))
                .toList();
    }

    /**
     * {@return the vector of a query's tokens from the table; for this project's own modules}
     *
     * @param tokens as {@link #queryTokenizer} gives them
     * @throws java.util.NoSuchElementException if there is no table
     */
    public SparseVector lookUp(int[] tokens) {
        QueryWeights weights = table.orElseThrow();
        int[] ids = IntStream.of(tokens)
                .filter(id -> weights.weight(id) != 0)
                .sorted()
                .distinct()
                .toArray();
        var values = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            values[i] = weights.weight(ids[i]);
        }
        return new SparseVector(ids, values);
    }

    /**
     * {@return the vectors of texts to be found, in their order, at full budget: with what the model wants to see before them, if anything}
     *
     * @param passages cut where they are too long
     */
    public List<SparseVector> embedPassages(List<String> passages) {
        return embedPassages(passages, Budget.FULL, Deadline.NONE);
    }

    /**
     * {@return the vectors of texts to be found, in their order; otherwise as {@link #embed(List, Budget, Deadline)}}
     *
     * @param passages cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     */
    public List<SparseVector> embedPassages(List<String> passages, Budget budget, Deadline deadline) {
        NullTexts.refuse("embedPassages", passages);
        return embed(description().passagePrefix(), passages, budget, deadline);
    }

    private List<SparseVector> embed(String prompt, List<String> texts, Budget budget, Deadline deadline) {
        List<int[]> inputs = texts.stream()
                .map(text -> tokenizer.encode(prompt + text).ids())
                .toList();
        return encode(inputs, Collections.nCopies(inputs.size(), budget), deadline);
    }

    /** Of a model that weighs the tokens that stand in a text. */
    private List<SparseVector> ofTokens(List<int[]> inputs, List<Budget> budgets, Deadline deadline) {
        Set<Integer> unweighed = ownWeights.orElseThrow().unweighed();
        List<int[]> places = inputs.stream()
                .map(input -> IntStream.range(0, input.length)
                        .filter(i -> !unweighed.contains(TokenTypes.id(input[i])))
                        .toArray())
                .toList();
        float[][][] weights = model.encodeTokens(inputs, places, budgets, deadline);
        return IntStream.range(0, inputs.size())
                .mapToObj(i -> largest(inputs.get(i), places.get(i), weights[i]))
                .toList();
    }

    /** Of tokens with one id the largest weight, if that is above 0. */
    private static SparseVector largest(int[] input, int[] places, float[][] weights) {
        var byId = new TreeMap<Integer, Float>();
        for (int i = 0; i < places.length; i++) {
            if (weights[i][0] > 0) {
                byId.merge(TokenTypes.id(input[places[i]]), weights[i][0], Math::max);
            }
        }
        int[] ids = byId.keySet().stream().mapToInt(Integer::intValue).toArray();
        var values = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            values[i] = byId.get(ids[i]);
        }
        return new SparseVector(ids, values);
    }

    /**
     * {@return the vectors of texts as the model reads them, in their order; for this project's own modules}
     *
     * @param inputs token ids, special ones included
     * @param budgets of each
     */
    public List<SparseVector> encode(List<int[]> inputs, List<Budget> budgets) {
        return encode(inputs, budgets, Deadline.NONE);
    }

    private List<SparseVector> encode(List<int[]> inputs, List<Budget> budgets, Deadline deadline) {
        if (ownWeights.isPresent()) {
            return ofTokens(inputs, budgets, deadline);
        }
        var vectors = new ArrayList<SparseVector>(inputs.size());
        // What is not sparse yet is as long as the vocabulary.
        int atOnce = RowMemory.rowsAtOnce(dimensions());
        for (int from = 0; from < inputs.size(); from += atOnce) {
            int to = Math.min(inputs.size(), from + atOnce);
            var given = new Given(InputKind.TEXT.one(), inputs.size(), from);
            float[][] values = model.encode(
                    inputs.subList(from, to), budgets.subList(from, to), VectorLength.DESCRIBED, given, deadline);
            Stream.of(values).map(SparseVector::of).forEach(vectors::add);
        }
        return vectors;
    }

    /**
     * {@return the tokens of a vector with their words, the heaviest first; of equal ones the smallest id. Ids that no token has, where a model has more of them than its tokenizer, are left out}
     *
     * @param vector of this model
     * @param top how many are wanted at most
     * @throws IllegalArgumentException if fewer than none are wanted
     */
    public List<WeightedToken> tokens(SparseVector vector, int top) {
        if (top < 0) {
            throw new IllegalArgumentException("top is " + top + ", must be 0 or more");
        }
        var tokens = new ArrayList<WeightedToken>(vector.ids().length);
        for (int i = 0; i < vector.ids().length; i++) {
            int id = vector.ids()[i];
            if (tokenizer.has(id)) {
                tokens.add(
                        new WeightedToken(id, tokenizer.tokens(new int[] {id}).getFirst(), vector.weights()[i]));
            }
        }
        tokens.sort(Comparator.comparingDouble(WeightedToken::weight).reversed());
        return List.copyOf(tokens.subList(0, Math.min(top, tokens.size())));
    }

    private TextDescription description() {
        return (TextDescription) model.files().description();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return how many tokens the vocabulary has, and a vector at most} */
    public int dimensions() {
        return description().architecture().vocabularySize();
    }

    /** {@return how many tokens the model reads of a text at most, special ones included} */
    public int maxTokens() {
        return description().maxTokens();
    }

    /** {@return whether queries are looked up in a table, and the network is for texts to be found alone} */
    public boolean looksQueriesUp() {
        return table.isPresent();
    }

    /** {@return what cuts queries into tokens, where they are looked up without special ones around them; for this project's own modules} */
    public Tokenizer queryTokenizer() {
        return ofQueries;
    }

    /** {@return whether {@link #embed} looks texts up too: where the model's files say, by a {@code default_route}, that what is not said to be one to be found is a query} */
    public boolean looksTextsUp() {
        return table.isPresent() && table.get().areTextsLookedUp();
    }

    /** {@return whether budgets change what it does; a dense model ignores them} */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /**
     * Reads short and long texts at several budgets until that gets no faster, which takes from some tenths of a second to eight: the JVM compiles what runs often. To be called before a
     * service says that it is ready. It takes one of the calls that run at the same time.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        List<String> texts = WarmUp.texts(maxTokens());
        WarmUp.atBudgets(model.encoder(), budget -> embedPassages(texts, budget, Deadline.NONE));
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
