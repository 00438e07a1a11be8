package io.tokenwise.spring;

import org.springframework.ai.audio.transcription.TranscriptionModel;
import org.springframework.ai.model.SpringAIModelProperties;
import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;

/** Whether the application wants its transcription model from here: it says so, or names a speech model and has no other. */
final class WantedTranscription extends AnyNestedCondition {
    WantedTranscription() {
        super(ConfigurationPhase.REGISTER_BEAN);
    }

    @ConditionalOnProperty(
            name = SpringAIModelProperties.AUDIO_TRANSCRIPTION_MODEL,
            havingValue = WantedEmbedding.TOKENWISE)
    static final class AskedFor {}

    @ConditionalOnProperty(name = TokenwiseTranscriptionAutoConfiguration.MODEL)
    @ConditionalOnProperty(
            name = SpringAIModelProperties.AUDIO_TRANSCRIPTION_MODEL,
            havingValue = WantedEmbedding.TOKENWISE,
            matchIfMissing = true)
    @ConditionalOnMissingBean(TranscriptionModel.class)
    static final class OnlyOne {}
}
