package io.tokenwise.model;

import io.tokenwise.model.moonshine.MoonshineArchitecture;
import io.tokenwise.tokenizer.LlamaVocabulary;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a speech recogniser is, apart from its weights. An input is a recording, mono at 16 kHz, each sample from -1 to 1 as the bits of a float; the
 * encoder makes frames of it, and the decoder writes tokens of the vocabulary.
 */
public record SpeechDescription(
        String name, MoonshineArchitecture architecture, LlamaVocabulary vocabulary, Optional<JsonNode> acm)
        implements ModelDescription {
    /** The token that a text begins with, and the one that ends it. */
    public static final int BEGIN = 1;

    public static final int END = 2;

    /** Samples of the longest recording: 30 s, as in training. */
    public static final int MOST_SAMPLES = 480_000;

    /**
     * Tokens that a second may have: more are repetitions without end. Hugging Face's limit; moonshine-js has 6, rounded down. On Asterisk's prompts both
     * give the same texts.
     */
    private static final double TOKENS_PER_SECOND = 6.5;

    /** Tokens that a recording of so many samples may have, the last one included. */
    public static int mostTokens(int samples) {
        return (int) Math.ceil(samples * TOKENS_PER_SECOND / 16_000);
    }

    @Override
    public SpeechDescription withAcm(Optional<JsonNode> newAcm) {
        return new SpeechDescription(name, architecture, vocabulary, newAcm);
    }

    @Override
    public String inputs() {
        return "recordings";
    }

    /** @throws IllegalArgumentException if the recording is too short to have a frame, or longer than {@link #MOST_SAMPLES} */
    @Override
    public int tokens(int[] samples) {
        if (samples.length < MoonshineArchitecture.LEAST_SAMPLES || samples.length > MOST_SAMPLES) {
            throw new IllegalArgumentException("a recording of " + samples.length + " samples; the model takes "
                    + MoonshineArchitecture.LEAST_SAMPLES + " to " + MOST_SAMPLES + " at 16 kHz");
        }
        return MoonshineArchitecture.frames(samples.length);
    }

    @Override
    public int maxTokens() {
        return MoonshineArchitecture.frames(MOST_SAMPLES);
    }

    @Override
    public int outputs() {
        return architecture.hiddenSize();
    }
}
