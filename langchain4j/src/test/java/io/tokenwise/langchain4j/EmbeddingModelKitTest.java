package io.tokenwise.langchain4j;

import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.common.AbstractEmbeddingModelIT;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import io.tokenwise.TextEncoder;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** LangChain4j's own test kit for embedding models, on a model without prefixes. */
class EmbeddingModelKitTest extends AbstractEmbeddingModelIT {
    private TextEncoder encoder;

    @BeforeAll
    void open() throws IOException {
        encoder = TextEncoder.open("minilm-acm");
    }

    @AfterAll
    void close() {
        encoder.close();
    }

    @Override
    protected List<EmbeddingModel> models() {
        return List.of(
                TokenwiseEmbeddingModel.builder().encoder(encoder).build(),
                TokenwiseEmbeddingModel.builder().encoder(encoder).budget(0.5).build());
    }

    @Override
    protected EmbeddingModel modelWith(EmbeddingModelListener listener) {
        return TokenwiseEmbeddingModel.builder()
                .encoder(encoder)
                .listeners(listener)
                .build();
    }

    @Override
    protected EmbeddingModel failingModelWith(EmbeddingModelListener listener) {
        var closed = TokenwiseEmbeddingModel.builder()
                .modelName("minilm-acm")
                .listeners(listener)
                .build();
        closed.close();
        return closed;
    }

    @Override
    protected boolean supportsInputTypeParameter() {
        return false;
    }

    @Override
    protected boolean supportsDimensionsParameter() {
        return false;
    }

    @Override
    protected boolean supportsImageInput() {
        return false;
    }
}
