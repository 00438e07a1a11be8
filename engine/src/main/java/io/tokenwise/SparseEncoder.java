package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.RowMemory;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Turns texts into sparse vectors, a weight for each token of the vocabulary that a text is about, though it may not stand in it (SPLADE), with a masked language model that was trained for it, dense or
 * adaptive; what a service imports. An inverted index, such as that of a search engine, finds such vectors.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, those that still wait for others, and those of many texts that have not begun all of them, throw {@link IllegalStateException}.
 */
public final class SparseEncoder implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;

    SparseEncoder(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#sparseEncoder}.
     *
     * @param model a directory in Hugging Face's layout: of sentence-transformers' SparseEncoder, or a masked language model
     * @return the encoder, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model has no masked-LM head
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
     * @throws io.tokenwise.api.BadFileException if the model has no masked-LM head
     */
    public static SparseEncoder open(ModelFiles files, EngineOptions options) {
        return new SparseEncoder(OpenModel.openAs(files, options, ModelFiles::sparse));
    }

    /**
     * {@return the vector of a text, at full budget}
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
        var vectors = new ArrayList<SparseVector>(texts.size());
        // What is not sparse yet is as long as the vocabulary.
        int atOnce = RowMemory.rowsAtOnce(dimensions());
        for (int from = 0; from < texts.size(); from += atOnce) {
            List<int[]> inputs = texts.subList(from, Math.min(texts.size(), from + atOnce)).stream()
                    .map(text -> tokenizer.encode(text).ids())
                    .toList();
            float[][] values = model.encode(
                    inputs,
                    Collections.nCopies(inputs.size(), budget),
                    deadline,
                    from,
                    "of " + texts.size() + " texts");
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
        return description().outputs();
    }

    /** {@return how many tokens the model reads of a text at most, special ones included} */
    public int maxTokens() {
        return description().maxTokens();
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
        WarmUp.atBudgets(model.encoder(), budget -> embed(texts, budget));
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
