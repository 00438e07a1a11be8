package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/**
 * Tells the classes of texts, or of pairs of texts, with a model that was trained for these classes, dense or adaptive; what a service imports.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class TextClassifier implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;

    /**
     * Two texts that are classified together.
     *
     * @param first such as what is known
     * @param second such as what may follow from it
     */
    public record Pair(String first, String second) {
        /** Checks that there are two. */
        public Pair {
            NullTexts.refuse("classify", "the first text of a pair", first);
            NullTexts.refuse("classify", "the second text of a pair", second);
        }
    }

    TextClassifier(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#textClassifier}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model gives no classes of texts
     * @throws IOException if a file cannot be read
     */
    public static TextClassifier open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a directory
     * @param options what the engine may use
     * @return the classifier, to be closed
     * @throws IOException if a file cannot be read
     */
    public static TextClassifier open(String model, EngineOptions options) throws IOException {
        return new TextClassifier(OpenModel.open(model, options, ModelFiles::textClasses));
    }

    /**
     * Opens a model from its files, which the classifier closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if the model gives no classes of texts
     */
    public static TextClassifier open(ModelFiles files, EngineOptions options) {
        return new TextClassifier(OpenModel.open(files, options, ModelFiles::textClasses));
    }

    /**
     * {@return the class of a text, at full budget}
     *
     * @param text cut if it is too long
     */
    public Classification classify(String text) {
        return classify(text, Budget.FULL);
    }

    /**
     * {@return the class of a text}
     *
     * @param text cut if it is too long
     * @param budget what it may cost
     */
    public Classification classify(String text, Budget budget) {
        return classify(Collections.singletonList(text), budget).getFirst();
    }

    /**
     * {@return the classes of many texts, in their order, at full budget}
     *
     * @param texts cut where they are too long
     */
    public List<Classification> classify(List<String> texts) {
        return classify(texts, Budget.FULL);
    }

    /**
     * {@return the classes of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budget what each of them may cost
     */
    public List<Classification> classify(List<String> texts, Budget budget) {
        return classify(texts, budget, Deadline.NONE);
    }

    /**
     * {@return the classes of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<Classification> classify(List<String> texts, Budget budget, Deadline deadline) {
        return classify(texts, Collections.nCopies(texts.size(), budget), deadline);
    }

    /**
     * {@return the classes of many texts, in their order}
     *
     * @param texts cut where they are too long
     * @param budgets one for each text
     * @param deadline until when they are wanted
     * @throws IllegalArgumentException if there are not as many budgets as texts
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<Classification> classify(List<String> texts, List<Budget> budgets, Deadline deadline) {
        NullTexts.refuse("classify", texts);
        return classified(texts.stream().map(text -> encode(text).ids()).toList(), budgets, deadline);
    }

    /**
     * {@return the class of a pair, at full budget; such as whether the second text follows from the first}
     *
     * @param first if both are too long together the longer one is cut, both where both have more than half
     * @param second the text after it
     * @throws IllegalArgumentException if the model's tokenizer has no form for pairs
     */
    public Classification classify(String first, String second) {
        return classify(first, second, Budget.FULL, Deadline.NONE);
    }

    /**
     * {@return the class of a pair; such as whether the second text follows from the first}
     *
     * @param first if both are too long together the longer one is cut, both where both have more than half
     * @param second the text after it
     * @param budget what they may cost
     * @param deadline until when it is wanted
     * @throws IllegalArgumentException if the model's tokenizer has no form for pairs
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before it is computed
     */
    public Classification classify(String first, String second, Budget budget, Deadline deadline) {
        return classifyPairs(List.of(new Pair(first, second)), budget, deadline).getFirst();
    }

    /**
     * {@return the classes of many pairs, in their order}
     *
     * @param pairs of which the longer text is cut where both are too long together, both where both have more than half
     * @param budget what each pair may cost
     * @param deadline until when they are wanted
     * @throws IllegalArgumentException if the model's tokenizer has no form for pairs
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<Classification> classifyPairs(List<Pair> pairs, Budget budget, Deadline deadline) {
        List<int[]> inputs = pairs.stream().map(pair -> encode(pair).ids()).toList();
        return classified(inputs, Collections.nCopies(inputs.size(), budget), deadline);
    }

    private List<Classification> classified(List<int[]> inputs, List<Budget> budgets, Deadline deadline) {
        return Stream.of(model.encode(inputs, budgets, deadline))
                .map(this::classification)
                .toList();
    }

    /**
     * {@return what a text is to the model, for who runs it in another way}
     *
     * @param text cut if it is too long
     */
    public Tokenizer.Encoded encode(String text) {
        return tokenizer.encode(text);
    }

    /**
     * {@return the same of a pair}
     *
     * @param pair of which the longer text is cut if they are too long together
     * @throws IllegalArgumentException if the model's tokenizer has no form for pairs
     */
    public Tokenizer.Encoded encode(Pair pair) {
        return description().encodePair(tokenizer, pair.first(), pair.second());
    }

    /**
     * {@return what the model's output says of a text}
     *
     * @param logits one for each of the {@link #labels}
     */
    public Classification classification(float[] logits) {
        return Classification.of(logits, labels(), classes().several());
    }

    private TextDescription description() {
        return model.files().textClasses();
    }

    private TextOutput.SequenceClasses classes() {
        return (TextOutput.SequenceClasses) description().output();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return what classes are called, in the order of {@link Classification#probabilities}} */
    public List<String> labels() {
        return classes().labels();
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
     * Classifies short and long texts at several budgets until that gets no faster, which takes from some tenths of a second to eight: the JVM compiles what runs often. To be called before
     * a service says that it is ready. It takes one of the calls that run at the same time.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        List<String> texts = WarmUp.texts(maxTokens());
        WarmUp.atBudgets(model.encoder(), budget -> classify(texts, budget));
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
