package io.tokenwise;

import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.PriorityQueue;
import java.util.stream.IntStream;

/**
 * Guesses hidden words of texts, with a masked language model, dense or adaptive, such as BERT as it was pre-trained; what a service imports. Hidden words are written {@code [MASK]} in texts for any
 * model, or as the model's own tokenizer has them, such as {@code <mask>}.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for the text that runs, then frees all native memory; later
 * calls, those that still wait for others, and those that have texts left, throw {@link IllegalStateException}.
 */
public final class MaskFiller implements AutoCloseable {
    private static final String MASK = "[MASK]";
    private static final List<String> MASKS = List.of(MASK, "<mask>");

    private final OpenModel model;
    private final Tokenizer tokenizer;
    private final String mask;
    private final int maskId;

    /**
     * A token that may stand where one is hidden.
     *
     * @param id the model's number for it
     * @param token as the vocabulary has it
     * @param probability 0..1
     */
    public record Guess(int id, String token, double probability) {}

    MaskFiller(OpenModel model) {
        this.model = model;
        tokenizer = model.files().tokenizer();
        try {
            mask = mask(model.files());
        } catch (BadFileException e) {
            model.close();
            throw e;
        }
        maskId = tokenizer.id(mask).getAsInt();
    }

    /**
     * {@return the token by which a model's texts hide words, for this project's own modules}
     *
     * @param files of the model
     * @throws BadFileException if its vocabulary has none
     */
    public static String mask(ModelFiles files) {
        return MASKS.stream()
                .filter(token -> files.tokenizer().id(token).isPresent())
                .findFirst()
                .orElseThrow(() -> new BadFileException(
                        files.description().name(), "its vocabulary has none of " + MASKS + " to hide tokens by"));
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#maskFiller}.
     *
     * @param model a fetched name, such as {@code bert-base}, or a directory in Hugging Face's layout
     * @return the filler, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model has no masked-LM head
     * @throws IOException if a file cannot be read
     */
    public static MaskFiller open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a fetched name or a directory
     * @param options what the engine may use
     * @return the filler, to be closed
     * @throws IOException if a file cannot be read
     */
    public static MaskFiller open(String model, EngineOptions options) throws IOException {
        return open(Models.open(model), options);
    }

    /**
     * Opens a model from its files, which the filler closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the filler, to be closed
     * @throws io.tokenwise.api.BadFileException if the model has no masked-LM head
     */
    public static MaskFiller open(ModelFiles files, EngineOptions options) {
        return new MaskFiller(OpenModel.openAs(files, options, ModelFiles::maskedTokens));
    }

    /**
     * {@return for each hidden word of a text, in their order, the likeliest tokens, the likeliest first, at full budget}
     *
     * @param text with one {@code [MASK]} or more; cut if it is too long
     * @param top how many tokens are wanted of each
     * @throws IllegalArgumentException if nothing is hidden in what the model reads of the text, or fewer than one is wanted
     */
    public List<List<Guess>> fill(String text, int top) {
        return fill(Collections.singletonList(text), top).getFirst();
    }

    /**
     * {@return for each text, and in it for each hidden word, the likeliest tokens, the likeliest first, at full budget; of equal ones the smallest id}
     *
     * @param texts with one {@code [MASK]} or more each; cut where they are too long
     * @param top how many tokens are wanted of each
     * @throws IllegalArgumentException if nothing is hidden in what the model reads of a text, or fewer than one is wanted
     */
    public List<List<List<Guess>>> fill(List<String> texts, int top) {
        return fill(texts, top, Budget.FULL, Deadline.NONE);
    }

    /**
     * {@return for each text, and in it for each hidden word, the likeliest tokens, the likeliest first; of equal ones the smallest id}
     *
     * @param texts with one {@code [MASK]} or more each; cut where they are too long
     * @param top how many tokens are wanted of each
     * @param budget what each text may cost
     * @param deadline until when they are wanted
     * @throws IllegalArgumentException if nothing is hidden in what the model reads of a text, or fewer than one is wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<List<List<Guess>>> fill(List<String> texts, int top, Budget budget, Deadline deadline) {
        if (top < 1) {
            throw new IllegalArgumentException("top is " + top + ", must be 1 or more");
        }
        NullTexts.refuse("fill", texts);
        List<int[]> inputs = texts.stream()
                .map(text -> tokenizer.encode(inOurForm(text)).ids())
                .toList();
        List<int[]> places = inputs.stream().map(this::hidden).toList();
        int words = places.stream().mapToInt(each -> each.length).sum();
        int done = 0;
        var all = new ArrayList<List<List<Guess>>>(texts.size());
        for (int i = 0; i < inputs.size(); i++) {
            int[] ofText = places.get(i);
            var guesses = new ArrayList<List<Guess>>(ofText.length);
            var given = new Given("hidden word", words, done);
            model.eachToken(
                    inputs.get(i), ofText, budget, given, deadline, logits -> guesses.add(guesses(logits, top)));
            done += ofText.length;
            all.add(Collections.unmodifiableList(guesses));
        }
        return all;
    }

    /**
     * {@return how many words are hidden in a text, those beyond what the model reads included}
     *
     * @param text of any length
     */
    public int countHidden(String text) {
        return (int) Arrays.stream(tokenizer.encodeAll(inOurForm(text)))
                .filter(id -> id == maskId)
                .count();
    }

    private String inOurForm(String text) {
        return text.replace(MASK, mask);
    }

    private int[] hidden(int... ids) {
        int[] places =
                IntStream.range(0, ids.length).filter(i -> ids[i] == maskId).toArray();
        if (places.length == 0) {
            throw new IllegalArgumentException("a text has no " + MASK + " among the first " + maxTokens()
                    + " tokens, which the model reads; write it where a word is to be guessed");
        }
        return places;
    }

    private List<Guess> guesses(float[] logits, int top) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - largest);
        }
        var guesses = new ArrayList<Guess>();
        int[] best = best(logits, top);
        List<String> words = tokenizer.tokens(best);
        for (int i = 0; i < best.length; i++) {
            guesses.add(new Guess(best[i], words.get(i), Math.exp(logits[best[i]] - largest) / sum));
        }
        return Collections.unmodifiableList(guesses);
    }

    /** The likeliest first. Vocabularies are long: only what may be among them is compared. */
    private int[] best(float[] logits, int top) {
        var least = new PriorityQueue<Integer>((a, b) ->
                Float.compare(logits[a], logits[b]) == 0 ? Integer.compare(b, a) : Float.compare(logits[a], logits[b]));
        for (int id = 0; id < logits.length; id++) {
            boolean less = least.size() == top && Float.compare(logits[id], logits[least.peek()]) <= 0;
            if (less || !tokenizer.has(id)) {
                continue;
            }
            least.add(id);
            if (least.size() > top) {
                least.remove();
            }
        }
        var best = new int[least.size()];
        for (int i = best.length - 1; i >= 0; i--) {
            best[i] = least.remove();
        }
        return best;
    }

    private TextDescription description() {
        return (TextDescription) model.files().description();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
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
        List<String> texts = List.of(
                MASK,
                MASK + " b c d e f g h i j k l m n o p",
                MASK + " b c d ".repeat(WarmUp.longest(maxTokens()) / 4));
        WarmUp.atBudgets(model.encoder(), budget -> fill(texts, 1, budget, Deadline.NONE));
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
