package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.backend.Backend;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.TextDescription;
import io.tokenwise.io.Tokenizer;
import io.tokenwise.model.Encoder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Turns texts into vectors with a pre-trained encoder, dense or adaptive; what a service imports.
 *
 * <p>Thread-safe: any number of threads may call; {@link EncoderOptions#concurrentCalls} of them run at once and the others wait. A result does
 * not depend on the number of threads nor on what else is in the call. Close waits for running calls, then frees all native
 * memory; later calls, and those that still wait for others, throw {@link IllegalStateException}.
 */
public final class TextEncoder implements AutoCloseable {
    private final OpenModel model;
    private final Tokenizer tokenizer;

    private TextEncoder(OpenModel model) {
        this.model = model;
        this.tokenizer = model.files().tokenizer();
    }

    /** Opens the {@linkplain ModelFiles#defaultName default} built-in model; see {@link #open(String)}. */
    public static TextEncoder open() throws IOException {
        return open(ModelFiles.defaultName());
    }

    /**
     * Opens a model with {@link EncoderOptions#defaults}.
     *
     * @param model a built-in name ({@link ModelFiles#builtInNames}) or a directory in Hugging Face's layout
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     */
    public static TextEncoder open(String model) throws IOException {
        return open(model, EncoderOptions.defaults());
    }

    /** Opens a model; see {@link #open(String)}. */
    public static TextEncoder open(String model, EncoderOptions options) throws IOException {
        return new TextEncoder(OpenModel.open(model, options, ModelFiles::text));
    }

    /** Opens a model from its files, which the encoder closes. */
    public static TextEncoder open(ModelFiles files, EncoderOptions options) {
        return new TextEncoder(OpenModel.open(files, options, ModelFiles::text));
    }

    /** The vector of one text, at full budget. */
    public Embedding embed(String text) {
        return embed(text, Budget.FULL);
    }

    /** The vector of one text. */
    public Embedding embed(String text, Budget budget) {
        return embed(List.of(text), budget).getFirst();
    }

    /** The vectors of many texts, in their order, at full budget. */
    public List<Embedding> embed(List<String> texts) {
        return embed(texts, Budget.FULL);
    }

    /** The vectors of many texts, in their order, all with the same budget. */
    public List<Embedding> embed(List<String> texts, Budget budget) {
        return embed(texts, Collections.nCopies(texts.size(), budget));
    }

    /**
     * The vectors of many texts, in their order, each with a budget of its own.
     *
     * @throws IllegalArgumentException if there are not as many budgets as texts
     */
    public List<Embedding> embed(List<String> texts, List<Budget> budgets) {
        List<Tokenizer.Encoded> encoded = texts.stream().map(tokenizer::encode).toList();
        float[][] vectors =
                model.encode(encoded.stream().map(Tokenizer.Encoded::ids).toList(), budgets);
        var embeddings = new ArrayList<Embedding>(texts.size());
        for (int i = 0; i < vectors.length; i++) {
            Tokenizer.Encoded text = encoded.get(i);
            int tokens = text.ids().length;
            Spent spent = Spent.of(encoder(), text.ids(), budgets.get(i));
            embeddings.add(new Embedding(vectors[i], tokens, text.truncated(), spent));
        }
        return embeddings;
    }

    /** The vector of a search query: with what the model wants to see before queries, if anything. */
    public Embedding embedQuery(String query, Budget budget) {
        return embed(description().queryPrefix() + query, budget);
    }

    /** The vectors of texts to be found: with what the model wants to see before them, if anything. */
    public List<Embedding> embedPassages(List<String> passages, Budget budget) {
        String prefix = description().passagePrefix();
        return embed(passages.stream().map(passage -> prefix + passage).toList(), budget);
    }

    /** What the model is. */
    public TextDescription description() {
        return model.files().text();
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The model behind, for evaluation; it is closed with this object. */
    public OpenModel model() {
        return model;
    }

    /** The network behind, for evaluation; it is closed with this object. */
    public Encoder encoder() {
        return model.encoder();
    }

    /** The token level below {@link #embed}: no tokenizer, observers allowed. */
    public Sessions sessions() {
        return model.sessions();
    }

    /** What computes: its name, threads and precision. */
    public Backend backend() {
        return model.backend();
    }

    @Override
    public void close() {
        model.close();
    }
}
