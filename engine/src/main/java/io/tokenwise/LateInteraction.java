package io.tokenwise;

import io.tokenwise.acm.block.AdaptiveAttention;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.LateForm;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextDescription;
import io.tokenwise.model.TextOutput;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Given;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.WarmUp;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Turns queries and documents into a vector for each token, by which they are compared late (ColBERT, Khattab and Zaharia 2020): each of the query's tokens with that of the document that is most
 * like it. It finds more than one vector a text does, and documents are read before there is a query. Dense or adaptive; what a service imports. A text encoder with bge-m3's {@code colbert_linear.pt} beside it
 * is one too: queries and documents are read alike, and the first token's vector is left out.
 *
 * <p>Thread-safe as {@link TextEncoder} is. A result does not depend on the number of threads nor on the other texts. Close waits for running calls, then frees all native memory; later
 * calls, those that still wait for others, and a {@code maxSim} that has read its query but no text, throw {@link IllegalStateException}.
 */
public final class LateInteraction implements AutoCloseable {
    private static final List<String> MASKS = List.of("[MASK]", "<mask>");

    private final OpenModel model;
    private final Tokenizer tokenizer;
    private final LateForm form;

    /** What stands before texts, as text; of pylate's models mostly nothing. */
    private final String queryPrompt;

    private final String documentPrompt;

    private final int[] queryMark;
    private final int[] documentMark;
    private final int queryTokens;
    private final int documentTokens;
    private final int filledTokens;

    /** What follows a query; -1 if nothing does. */
    private final int mask;

    private final int[] skipped;

    LateInteraction(OpenModel model) {
        this.model = model;
        try {
            tokenizer = model.files().tokenizer();
            form = output().form();
            queryPrompt = form.prompt(description().prompts(), "query");
            documentPrompt = form.prompt(description().prompts(), "document");
            queryMark = mark(form.queryMark());
            documentMark = mark(form.documentMark());
            queryTokens = most("query", form.queryTokens(), queryMark);
            documentTokens = most("document", form.documentTokens(), documentMark);
            filledTokens = Math.min(form.filledTokens(), maxTokens());
            mask = form.expands() ? mask() : -1;
            skipped = form.skipped().stream()
                    .map(tokenizer::id)
                    .filter(OptionalInt::isPresent)
                    .mapToInt(OptionalInt::getAsInt)
                    .sorted()
                    .toArray();
            if (hidesMasks()) {
                requireAttentionThatHides();
            }
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    private void requireAttentionThatHides() {
        if (model.encoder().adaptiveBlocks().stream().anyMatch(AdaptiveAttention.class::isInstance)) {
            throw new BadFileException(
                    name(), "its attention has learners, and masks behind queries are not seen; name mlp alone");
        }
    }

    private int[] mark(String token) {
        return token.isEmpty() ? new int[0] : new int[] {known(token)};
    }

    private int most(String text, int wanted, int... mark) {
        int most = Math.min(wanted, maxTokens());
        int least = Math.max(Tokenizer.LEAST_MAX_TOKENS, tokenizer.frame().marks() + 1) + mark.length;
        if (most < least) {
            throw new BadFileException(
                    name(),
                    "reads " + most + " tokens of a " + text + "; must be " + least
                            + " or more, for its marks and one of the text");
        }
        return most;
    }

    private int known(String token) {
        return tokenizer
                .id(token)
                .orElseThrow(() -> new BadFileException(
                        name(), "its vocabulary has no token \"" + token + "\" to mark queries or documents by"));
    }

    private int mask() {
        return MASKS.stream()
                .map(tokenizer::id)
                .filter(OptionalInt::isPresent)
                .findFirst()
                .orElseThrow(() ->
                        new BadFileException(name(), "its vocabulary has none of " + MASKS + " to expand queries by"))
                .getAsInt();
    }

    private boolean hidesMasks() {
        return form.expands() && !form.seesMasks();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#lateInteraction}.
     *
     * @param model a directory in Hugging Face's layout: a checkpoint of ColBERT, a folder of pylate or of sentence-transformers' MultiVectorEncoder, or one as bge-m3's
     * @return the encoder, to be closed
     * @throws BadFileException if a file is absent, bad or not supported, or the model gives no vectors of tokens
     * @throws IOException if a file cannot be read
     */
    public static LateInteraction open(String model) throws IOException {
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
    public static LateInteraction open(String model, EngineOptions options) throws IOException {
        return open(Models.open(model), options);
    }

    /**
     * Opens a model from its files, which the encoder closes, also if this fails.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the encoder, to be closed
     * @throws BadFileException if the model gives no vectors of tokens
     */
    public static LateInteraction open(ModelFiles files, EngineOptions options) {
        return new LateInteraction(OpenModel.openAs(files, options, ModelFiles::tokenVectors));
    }

    /**
     * {@return the vectors of a query's tokens, and of the masks behind it if the model wants them, at full budget: rows of length 1}
     *
     * @param query cut if it is too long
     */
    public float[][] embedQuery(String query) {
        return embedQueries(Collections.singletonList(query), Budget.FULL, Deadline.NONE)
                .getFirst();
    }

    /**
     * {@return the vectors of many queries, in their order}
     *
     * @param queries cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<float[][]> embedQueries(List<String> queries, Budget budget, Deadline deadline) {
        NullTexts.refuse("embedQueries", queries);
        List<int[]> inputs = queries.stream()
                .map(query -> read(queryPrompt + query, queryMark, queryTokens))
                .toList();
        int[] seen = inputs.stream().mapToInt(input -> input.length).toArray();
        if (form.expands()) {
            inputs = inputs.stream().map(this::expanded).toList();
        }
        List<int[]> places =
                form.withoutFirst() ? inputs.stream().map(this::compared).toList() : null;
        return List.of(model.encodeTokens(
                inputs,
                places,
                hidesMasks() ? seen : null,
                Collections.nCopies(inputs.size(), budget),
                Given.each(InputKind.TEXT, inputs.size()),
                deadline));
    }

    private int[] expanded(int... input) {
        int[] longer = Arrays.copyOf(input, Math.max(input.length, filledTokens));
        Arrays.fill(longer, input.length, longer.length, mask);
        return longer;
    }

    /**
     * {@return the vectors of documents' tokens, at full budget; see {@link #embedDocuments(List, Budget)}}
     *
     * @param documents cut where they are too long
     */
    public List<float[][]> embedDocuments(List<String> documents) {
        return embedDocuments(documents, Budget.FULL);
    }

    /**
     * {@return the vectors of documents' tokens, in their order, but for those that are not compared, such as punctuation: of each rows of length 1}
     *
     * @param documents cut where they are too long
     * @param budget what each of them may cost
     */
    public List<float[][]> embedDocuments(List<String> documents, Budget budget) {
        return embedDocuments(documents, budget, Deadline.NONE);
    }

    /**
     * {@return the vectors of documents' tokens, in their order, but for those that are not compared, such as punctuation: of each rows of length 1}
     *
     * @param documents cut where they are too long
     * @param budget what each of them may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public List<float[][]> embedDocuments(List<String> documents, Budget budget, Deadline deadline) {
        NullTexts.refuse("embedDocuments", documents);
        List<int[]> inputs = documents.stream()
                .map(document -> read(documentPrompt + document, documentMark, documentTokens))
                .toList();
        List<int[]> places = inputs.stream().map(this::compared).toList();
        return List.of(model.encodeTokens(inputs, places, Collections.nCopies(inputs.size(), budget), deadline));
    }

    private int[] compared(int... input) {
        return IntStream.range(form.withoutFirst() ? 1 : 0, input.length)
                .filter(i -> Arrays.binarySearch(skipped, input[i]) < 0)
                .toArray();
    }

    /** With the mark behind the first token, if there is one. */
    private int[] read(String text, int[] mark, int most) {
        int[] ids = tokenizer.encode(text, most - mark.length).ids();
        var marked = new int[ids.length + mark.length];
        int first = Math.min(1, ids.length);
        System.arraycopy(ids, 0, marked, 0, first);
        System.arraycopy(mark, 0, marked, first, mark.length);
        System.arraycopy(ids, first, marked, first + mark.length, ids.length - first);
        return marked;
    }

    /**
     * {@return how well a document answers a query: the sum over the query's tokens of the product with that of the document that is most like it}
     *
     * @param query vectors of {@link #embedQuery}
     * @param document vectors of {@link #embedDocuments}
     * @throws IllegalArgumentException if a vector has not as many values as another one
     */
    public static double maxSim(float[][] query, float[][] document) {
        double sum = 0;
        for (float[] ofQuery : query) {
            double most = document.length == 0 ? 0 : Double.NEGATIVE_INFINITY;
            for (float[] ofDocument : document) {
                most = Math.max(most, product(ofQuery, ofDocument));
            }
            sum += most;
        }
        return sum;
    }

    private static double product(float[] ofQuery, float[] ofDocument) {
        if (ofQuery.length != ofDocument.length) {
            throw new IllegalArgumentException("maxSim: a query's vector of " + ofQuery.length
                    + " values and a document's of " + ofDocument.length + "; they must be of one model");
        }
        double product = 0;
        for (int i = 0; i < ofQuery.length; i++) {
            product += (double) ofQuery[i] * ofDocument[i];
        }
        return product;
    }

    /**
     * {@return how well texts answer a query, in their order}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     * @param budget what each of them, and the query, may cost
     */
    public double[] maxSim(String query, List<String> texts, Budget budget) {
        return maxSim(query, texts, budget, Deadline.NONE);
    }

    /**
     * {@return how well texts answer a query, in their order}
     *
     * @param query what is looked for
     * @param texts to be compared with it
     * @param budget what each of them, and the query, may cost
     * @param deadline until when they are wanted
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two batches
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last batch begins
     */
    public double[] maxSim(String query, List<String> texts, Budget budget, Deadline deadline) {
        float[][] ofQuery =
                embedQueries(Collections.singletonList(query), budget, deadline).getFirst();
        return embedDocuments(texts, budget, deadline).stream()
                .mapToDouble(document -> maxSim(ofQuery, document))
                .toArray();
    }

    private TextDescription description() {
        return (TextDescription) model.files().description();
    }

    private TextOutput.TokenVectors output() {
        return (TextOutput.TokenVectors) description().output();
    }

    /** {@return what the model is called} */
    public String name() {
        return description().name();
    }

    /** {@return how many values a token's vector has} */
    public int dimensions() {
        return output().dimensions();
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
        WarmUp.atBudgets(model.encoder(), budget -> maxSim("a b c d", texts, budget));
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
