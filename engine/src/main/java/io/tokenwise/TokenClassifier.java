package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Tells the class of each token of a text, and by that which stretches are names or the like (named entities), with a model that was trained for it, dense or adaptive; what a service imports.
 * A text of any length is read, in windows of as many tokens as the model takes, which overlap by a quarter.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class TokenClassifier implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;

    TokenClassifier(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#tokenClassifier}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model gives no classes of tokens
     * @throws IOException if a file cannot be read
     */
    public static TokenClassifier open(String model) throws IOException {
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
    public static TokenClassifier open(String model, EngineOptions options) throws IOException {
        return new TokenClassifier(OpenModel.open(model, options, ModelFiles::tokenClasses));
    }

    /**
     * Opens a model from its files, which the classifier closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the classifier, to be closed
     * @throws io.tokenwise.api.BadFileException if the model gives no classes of tokens
     */
    public static TokenClassifier open(ModelFiles files, EngineOptions options) {
        return new TokenClassifier(OpenModel.open(files, options, ModelFiles::tokenClasses));
    }

    /**
     * {@return the tokens of a text in their order, special ones left out, each with its likeliest label, at full budget}
     *
     * @param text of any length
     */
    public List<LabelledToken> tokens(String text) {
        return tokens(Collections.singletonList(text), Budget.FULL, Deadline.NONE)
                .getFirst();
    }

    /**
     * {@return the tokens of many texts, special ones left out, each with its likeliest label}
     *
     * @param texts of any length
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<List<LabelledToken>> tokens(List<String> texts, Budget budget, Deadline deadline) {
        NullTexts.refuse("tokens", texts);
        var reading = new Reading();
        texts.forEach(reading::add);
        float[][][] logits = model.encodeTokens(
                reading.inputs,
                reading.places,
                null,
                Collections.nCopies(reading.inputs.size(), budget),
                reading.given(),
                deadline);
        var all = new ArrayList<List<LabelledToken>>(texts.size());
        int input = 0;
        for (Text text : reading.texts) {
            var tokens = new ArrayList<LabelledToken>(text.places().size());
            for (int window = 0; window < text.windows(); window++) {
                for (float[] ofToken : logits[input++]) {
                    tokens.add(labelled(
                            text.places().get(tokens.size()), text.words().get(tokens.size()), ofToken));
                }
            }
            all.add(tokens);
        }
        return all;
    }

    private LabelledToken labelled(Tokenizer.Place place, String word, float[] logits) {
        Classification classes = Classification.of(logits, labels());
        var token = new TextToken(place.id(), word, place.start(), place.end(), false);
        return new LabelledToken(token, classes.label(), classes.probability());
    }

    /** A text's tokens, and of how many windows it is. */
    private record Text(List<Tokenizer.Place> places, List<String> words, int windows) {}

    /** What is read together: the windows of all texts. */
    private final class Reading {
        private final List<Text> texts = new ArrayList<>();
        private final List<int[]> inputs = new ArrayList<>();
        private final List<int[]> places = new ArrayList<>();

        void add(String text) {
            List<Tokenizer.Place> found = tokenizer.places(text);
            int[] ids = found.stream().mapToInt(Tokenizer.Place::id).toArray();
            int before = tokenizer.frame().before().length;
            int room = maxTokens() - tokenizer.frame().marks();
            List<TextWindows.Window> windows =
                    TextWindows.of(ids, tokenizer, room).windows();
            for (TextWindows.Window window : windows) {
                inputs.add(tokenizer.surrounded(Arrays.copyOfRange(ids, window.from(), window.to())));
                var own = new int[window.end() - window.first()];
                Arrays.setAll(own, i -> before + window.first() - window.from() + i);
                places.add(own);
            }
            texts.add(new Text(found, tokenizer.tokens(ids), windows.size()));
        }

        Given given() {
            int[] of = IntStream.range(0, texts.size())
                    .flatMap(i -> IntStream.generate(() -> i).limit(texts.get(i).windows()))
                    .toArray();
            return new Given(InputKind.TEXT.one(), texts.size(), 0, of);
        }
    }

    /**
     * {@return the entities of a text in their order, by {@link Aggregation#SIMPLE}, at full budget}
     *
     * @param text of any length
     */
    public List<Entity> entities(String text) {
        return entities(Collections.singletonList(text)).getFirst();
    }

    /**
     * {@return the entities of many texts, of each in their order, by {@link Aggregation#SIMPLE}, at full budget}
     *
     * @param texts of any length
     */
    public List<List<Entity>> entities(List<String> texts) {
        return entities(texts, Aggregation.SIMPLE, Budget.FULL);
    }

    /**
     * {@return the entities of many texts, of each in their order}
     *
     * @param texts of any length
     * @param aggregation how labels of tokens become entities
     * @param budget what each text may cost
     */
    public List<List<Entity>> entities(List<String> texts, Aggregation aggregation, Budget budget) {
        return entities(texts, aggregation, budget, Deadline.NONE);
    }

    /**
     * {@return the entities of many texts, of each in their order}
     *
     * @param texts of any length
     * @param aggregation how labels of tokens become entities
     * @param budget what each text may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<List<Entity>> entities(List<String> texts, Aggregation aggregation, Budget budget, Deadline deadline) {
        var groups = new EntityGroups(aggregation, tokenizer::continuesWord, labels());
        List<List<LabelledToken>> tokens = tokens(texts, budget, deadline);
        var all = new ArrayList<List<Entity>>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            all.add(groups.of(texts.get(i), tokens.get(i)));
        }
        return all;
    }

    private TextDescription description() {
        return model.files().tokenClasses();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return what classes of tokens are called, such as {@code O} and {@code B-PER}} */
    public List<String> labels() {
        return ((TextOutput.TokenClasses) description().output()).labels();
    }

    /** {@return how many tokens the model reads at once, special ones included} */
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
        WarmUp.atBudgets(model.encoder(), budget -> tokens(texts, budget, Deadline.NONE));
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
