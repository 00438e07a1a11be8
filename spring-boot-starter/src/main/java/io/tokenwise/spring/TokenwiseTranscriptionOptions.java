package io.tokenwise.spring;

import io.tokenwise.api.Budget;
import org.springframework.ai.audio.transcription.AudioTranscriptionOptions;

/**
 * What one transcription asks for; what is null is as the {@link TokenwiseTranscriptionModel} has it.
 *
 * @param model the name of the only model there is, or null
 * @param budget what each segment may cost, or null
 */
public record TokenwiseTranscriptionOptions(String model, Budget budget) implements AudioTranscriptionOptions {
    /**
     * {@return options with a budget alone}
     *
     * @param share of the dense model's multiply-adds, 0 to 1
     */
    public static TokenwiseTranscriptionOptions flops(double share) {
        return new TokenwiseTranscriptionOptions(null, Budget.flops(share));
    }

    @Override
    public String getModel() {
        return model;
    }
}
