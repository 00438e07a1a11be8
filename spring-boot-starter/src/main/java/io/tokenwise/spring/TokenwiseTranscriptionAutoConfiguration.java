package io.tokenwise.spring;

import io.tokenwise.Engine;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.api.Budget;
import java.io.IOException;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Conditional;
import org.springframework.context.annotation.Import;
import org.springframework.util.StringUtils;

/**
 * A {@link SpeechRecognizer} and Spring AI's {@code TranscriptionModel} on it, if the application names a speech model, unless it has another one and does not ask
 * for this by {@code spring.ai.model.audio.transcription=tokenwise}.
 */
@AutoConfiguration(
        afterName = "org.springframework.ai.model.openai.autoconfigure.OpenAiAudioTranscriptionAutoConfiguration")
@Conditional(WantedTranscription.class)
@Import(TokenwiseEngineConfiguration.class)
public class TokenwiseTranscriptionAutoConfiguration {
    static final String MODEL = "tokenwise.speech.model";

    /** Made by Spring Boot. */
    public TokenwiseTranscriptionAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    SpeechRecognizer tokenwiseSpeechRecognizer(Engine engine, TokenwiseProperties properties) throws IOException {
        String model = properties.speech().model();
        if (!StringUtils.hasText(model)) {
            throw new IllegalStateException(
                    "transcription by Tokenwise is asked for without a model; set " + MODEL + " to a folder with one");
        }
        return engine.speechRecognizer(model);
    }

    /** Before the application says that it is ready. */
    @Bean
    @ConditionalOnProperty("tokenwise.warm-up")
    ApplicationRunner tokenwiseSpeechWarmUp(SpeechRecognizer recognizer) {
        return arguments -> recognizer.warmUp();
    }

    @Bean
    @ConditionalOnMissingBean
    TokenwiseTranscriptionModel tokenwiseTranscriptionModel(
            SpeechRecognizer recognizer, TokenwiseProperties properties) {
        return new TokenwiseTranscriptionModel(
                recognizer, Budget.flops(properties.speech().budget()));
    }
}
