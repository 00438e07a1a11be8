package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * Tells how well texts answer a query, with a cross-encoder, dense or adaptive; what a service imports. It reads the query and a text together, which is slower than to compare the
 * vectors of a {@link TextEncoder} and finds more: so it is for the first some dozens that those found.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A score does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class Reranker implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;

    /**
     * A text with its score.
     *
     * @param index of the text among those that were given, from 0 on
     * @param text as it was given
     * @param score the greater, the better the text answers the query; only scores of one model and query can be compared. As the model's head makes it, also where sentence-transformers would apply the
     *     logistic function
     */
    public record Ranked(int index, String text, float score) {
        /** {@return the score between 0 and 1, by the logistic function: most cross-encoders are trained so that this is a probability} */
        public double probability() {
            return 1 / (1 + Math.exp(-(double) score));
        }
    }

    Reranker(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#reranker}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the reranker, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model gives no scores of pairs
     * @throws IOException if a file cannot be read
     */
    public static Reranker open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a directory
     * @param options what the engine may use
     * @return the reranker, to be closed
     * @throws IOException if a file cannot be read
     */
    public static Reranker open(String model, EngineOptions options) throws IOException {
        return new Reranker(OpenModel.open(model, options, ModelFiles::scores));
    }

    /**
     * Opens a model from its files, which the reranker closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the reranker, to be closed
     * @throws io.tokenwise.api.BadFileException if the model gives no scores of pairs
     */
    public static Reranker open(ModelFiles files, EngineOptions options) {
        return new Reranker(OpenModel.open(files, options, ModelFiles::scores));
    }

    /**
     * {@return the scores of texts, in their order, at full budget}
     *
     * @param query what is looked for
     * @param texts to be compared with it; of a query and a text that are too long together the longer one is cut, both where both
     *     have more than half; by Qwen3-Reranker and mxbai-rerank-v2 the end of the text
     */
    public float[] scores(String query, List<String> texts) {
        return scores(query, texts, Budget.FULL);
    }

    /**
     * {@return the scores of texts, in their order}
     *
     * @param query what is looked for
     * @param texts to be compared with it; of a query and a text that are too long together the longer one is cut, both where both
     *     have more than half; by Qwen3-Reranker and mxbai-rerank-v2 the end of the text
     * @param budget what each of them may cost
     */
    public float[] scores(String query, List<String> texts, Budget budget) {
        return scores(query, texts, budget, Deadline.NONE);
    }

    /**
     * {@return the scores of texts, in their order}
     *
     * @param query what is looked for
     * @param texts to be compared with it; of a query and a text that are too long together the longer one is cut, both where both
     *     have more than half; by Qwen3-Reranker and mxbai-rerank-v2 the end of the text
     * @param budget what each of them may cost
     * @param deadline until when the scores are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public float[] scores(String query, List<String> texts, Budget budget, Deadline deadline) {
        NullTexts.refuse("rerank", "the query", query);
        NullTexts.refuse("rerank", texts);
        List<int[]> pairs =
                texts.stream().map(text -> encode(query, text).ids()).toList();
        float[][] outputs = model.encode(pairs, Collections.nCopies(pairs.size(), budget), deadline);
        var scores = new float[outputs.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = outputs[i][0];
        }
        return scores;
    }

    /**
     * {@return all texts with their scores, the greatest first, at full budget; of equal ones that which was given first}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     */
    public List<Ranked> rank(String query, List<String> texts) {
        return rank(query, texts, texts.size());
    }

    /**
     * {@return the texts with the greatest scores, the greatest first, at full budget; of equal ones that which was given first}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     * @param top how many are wanted at most
     */
    public List<Ranked> rank(String query, List<String> texts, int top) {
        return rank(query, texts, top, Budget.FULL);
    }

    /**
     * {@return the texts with the greatest scores, the greatest first; of equal ones that which was given first}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     * @param top how many are wanted at most
     * @param budget what each of them may cost
     * @throws IllegalArgumentException if fewer than none are wanted
     */
    public List<Ranked> rank(String query, List<String> texts, int top, Budget budget) {
        return rank(query, texts, top, budget, Deadline.NONE);
    }

    /**
     * {@return the texts with the greatest scores, the greatest first; of equal ones that which was given first}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     * @param top how many are wanted at most
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalArgumentException if fewer than none are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<Ranked> rank(String query, List<String> texts, int top, Budget budget, Deadline deadline) {
        if (top < 0) {
            throw new IllegalArgumentException("top is " + top + ", must be 0 or more");
        }
        float[] scores = scores(query, texts, budget, deadline);
        var ranked = new ArrayList<Ranked>(scores.length);
        for (int i = 0; i < scores.length; i++) {
            ranked.add(new Ranked(i, texts.get(i), scores[i]));
        }
        ranked.sort(Comparator.comparingDouble(Ranked::score).reversed());
        return List.copyOf(ranked.subList(0, Math.min(top, ranked.size())));
    }

    /**
     * {@return what a query and a text are to the model together, for who runs it in another way}
     *
     * @param query what is looked for
     * @param text to be compared with it; of both the longer one is cut if they are too long together
     */
    public Tokenizer.Encoded encode(String query, String text) {
        return description().encodePair(tokenizer, query, text);
    }

    private TextDescription description() {
        return model.files().scores();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return how many tokens the model reads of a query and a text together at most, special ones included} */
    public int maxTokens() {
        return description().maxTokens();
    }

    /** {@return whether budgets change what it does; a dense model ignores them} */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /**
     * Compares short and long texts with a query at several budgets until that gets no faster, which takes from some tenths of a second to eight: the JVM compiles what runs often. To be called
     * before a service says that it is ready. It takes one of the calls that run at the same time.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        List<String> texts = WarmUp.texts(maxTokens());
        WarmUp.atBudgets(model.encoder(), budget -> scores("a b c d", texts, budget));
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
