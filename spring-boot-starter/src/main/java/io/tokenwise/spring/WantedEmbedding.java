package io.tokenwise.spring;

import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.model.SpringAIModelProperties;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/** Whether the application wants its embedding model from here: it says so, or says nothing and has no other. */
final class WantedEmbedding extends AnyNestedCondition {
    /** The value of Spring AI's {@code spring.ai.model.*} properties that means this library. */
    static final String TOKENWISE = "tokenwise";

    WantedEmbedding() {
        super(ConfigurationPhase.REGISTER_BEAN);
    }

    @ConditionalOnProperty(name = SpringAIModelProperties.EMBEDDING_MODEL, havingValue = TOKENWISE)
    static final class AskedFor {}

    @ConditionalOnProperty(
            name = SpringAIModelProperties.EMBEDDING_MODEL,
            havingValue = TOKENWISE,
            matchIfMissing = true)
    @ConditionalOnMissingBean(EmbeddingModel.class)
    static final class OnlyOne {}
}
