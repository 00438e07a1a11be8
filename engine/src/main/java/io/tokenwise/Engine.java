package io.tokenwise;

import io.tokenwise.api.EngineMXBean;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.EngineCore;
import java.io.IOException;

/**
 * Threads, what computes, and working memory, shared by all models that are opened with it; an application has one. A call of any of them takes one of {@link
 * EngineOptions#concurrentCalls}, and further calls wait, whatever their model.
 *
 * <p>Thread-safe. A model may be closed before the engine. Closing the engine waits for running calls, then closes all of its models; later calls, and those that still
 * wait for others, throw {@link IllegalStateException}.
 */
public final class Engine implements AutoCloseable {
    private final EngineCore core;

    private Engine(EngineCore core) {
        this.core = core;
    }

    /** {@return an engine with {@link EngineOptions#defaults}} */
    public static Engine open() {
        return open(EngineOptions.defaults());
    }

    /**
     * Starts the threads and finds out what computes.
     *
     * @param options what it may use
     * @return an engine without models, to be closed
     * @throws IllegalArgumentException if this machine cannot do what is wanted; the message says what it offers
     */
    public static Engine open(EngineOptions options) {
        return new Engine(EngineCore.open(options));
    }

    /**
     * Opens a text encoder.
     *
     * @param model a built-in name, such as {@code minilm-acm}, or a directory in Hugging Face's layout
     * @return the encoder, which closes with the engine if not before
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported, or the model is no text encoder
     * @throws IllegalArgumentException if a device was asked for that lacks something for this model
     * @throws IllegalStateException if the engine is closed
     * @throws IOException if a file cannot be read
     */
    public TextEncoder textEncoder(String model) throws IOException {
        return new TextEncoder(core.open(model, ModelFiles::text));
    }

    /**
     * Opens a reranker; see {@link #textEncoder}.
     *
     * @param model a directory with a cross-encoder, in Hugging Face's layout
     * @return the reranker, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public Reranker reranker(String model) throws IOException {
        return new Reranker(core.open(model, ModelFiles::scores));
    }

    /**
     * Opens a classifier of texts; see {@link #textEncoder}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the classifier, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public TextClassifier textClassifier(String model) throws IOException {
        return new TextClassifier(core.open(model, ModelFiles::textClasses));
    }

    /**
     * Opens a classifier of tokens, such as a recogniser of names; see {@link #textEncoder}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the classifier, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public TokenClassifier tokenClassifier(String model) throws IOException {
        return new TokenClassifier(core.open(model, ModelFiles::tokenClasses));
    }

    /**
     * Opens a sparse encoder; see {@link #textEncoder}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the encoder, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public SparseEncoder sparseEncoder(String model) throws IOException {
        return new SparseEncoder(core.openAs(model, ModelFiles::sparse));
    }

    /**
     * Opens a late-interaction encoder (ColBERT); see {@link #textEncoder}.
     *
     * @param model a directory in Hugging Face's layout
     * @return the encoder, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public LateInteraction lateInteraction(String model) throws IOException {
        return new LateInteraction(core.openAs(model, ModelFiles::tokenVectors));
    }

    /**
     * Opens a model that guesses hidden words; see {@link #textEncoder}.
     *
     * @param model a fetched name, such as {@code bert-base}, or a directory in Hugging Face's layout
     * @return the filler, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public MaskFiller maskFiller(String model) throws IOException {
        return new MaskFiller(core.openAs(model, ModelFiles::maskedTokens));
    }

    /**
     * Opens an image classifier; see {@link #textEncoder}.
     *
     * @param model a built-in name, such as {@code vit-cifar10-acm}, or a directory in Hugging Face's layout
     * @return the classifier, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public ImageClassifier imageClassifier(String model) throws IOException {
        return new ImageClassifier(core.open(model, ModelFiles::image));
    }

    /**
     * Opens a speech recogniser; see {@link #textEncoder}.
     *
     * @param model a fetched name, such as {@code moonshine-tiny}, or a directory with a Moonshine or a wav2vec 2.0 with CTC
     * @return the recogniser, which closes with the engine if not before
     * @throws IOException if a file cannot be read
     */
    public SpeechRecognizer speechRecognizer(String model) throws IOException {
        return new SpeechRecognizer(core.open(model, ModelFiles::speech));
    }

    /** {@return what it was opened with} */
    public EngineOptions options() {
        return core.options();
    }

    /** {@return what computes, such as {@code onednn (AVX512_CORE_VNNI), s8, 2 threads}} */
    public String description() {
        int threads = core.backend().threads();
        return core.backend().name() + ", " + core.backend().precision().label() + ", " + threads
                + (threads == 1 ? " thread" : " threads");
    }

    /** {@return what it does now, without JMX: the same that its MXBean tells} */
    public EngineMXBean state() {
        return core.state();
    }

    @Override
    public void close() {
        core.close();
    }
}
