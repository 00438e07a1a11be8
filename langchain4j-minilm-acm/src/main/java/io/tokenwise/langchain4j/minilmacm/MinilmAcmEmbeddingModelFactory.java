package io.tokenwise.langchain4j.minilmacm;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.spi.model.embedding.EmbeddingModelFactory;
import io.tokenwise.TextEncoder;
import io.tokenwise.langchain4j.TokenwiseEmbeddingModel;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Gives {@code EmbeddingStoreIngestor} and {@code EmbeddingStoreContentRetriever} the model {@code minilm-acm} at full budget, if they are told no other; found
 * through {@link java.util.ServiceLoader}. Thread-safe.
 *
 * <p>LangChain4j never closes what it gets here, and asks again for each ingestor and retriever. So all get one model, opened when first asked for, and its
 * native memory and threads, which are daemons, stay until the JVM ends. Who wants to close a model builds a {@link TokenwiseEmbeddingModel}.
 */
public final class MinilmAcmEmbeddingModelFactory implements EmbeddingModelFactory {
    /** Of all that are made; null until one was opened. Who asks after an opening that failed, such as for want of memory, has another try. */
    private static EmbeddingModel shared;

    /** Made by {@link java.util.ServiceLoader}. */
    public MinilmAcmEmbeddingModelFactory() {}

    @Override
    public EmbeddingModel create() {
        synchronized (MinilmAcmEmbeddingModelFactory.class) {
            if (shared == null) {
                shared = TokenwiseEmbeddingModel.builder().encoder(open()).build();
            }
            return shared;
        }
    }

    private static TextEncoder open() {
        try {
            return TextEncoder.open("minilm-acm");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
