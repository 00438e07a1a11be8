package io.tokenwise.model;

import io.tokenwise.tokenizer.SpeechVocabulary;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * What a speech recogniser is, apart from its weights. An input is a recording, mono at 16 kHz, each sample from -1 to 1 as the bits of a float; the
 * encoder makes frames of it, of which tokens of the vocabulary are written.
 *
 * @param sound how frames are made of samples
 */
public record SpeechDescription(
        String name,
        ModelFamily family,
        Architecture architecture,
        SoundForm sound,
        SpeechVocabulary vocabulary,
        Optional<JsonNode> acm)
        implements ModelDescription {
    @Override
    public SpeechDescription withAcm(Optional<JsonNode> newAcm) {
        return new SpeechDescription(name, family, architecture, sound, vocabulary, newAcm);
    }

    @Override
    public InputKind reads() {
        return InputKind.SOUND;
    }

    @Override
    public String kind() {
        return "a speech recogniser";
    }

    /** @throws IllegalArgumentException if the recording is too short to have a frame, or longer than the model takes */
    @Override
    public int tokens(int[] samples) {
        if (samples.length < sound.leastSamples() || samples.length > sound.mostSamples()) {
            throw new IllegalArgumentException("a recording of " + samples.length + " samples; the model takes "
                    + sound.leastSamples() + " to " + sound.mostSamples() + " at 16 kHz");
        }
        return sound.frames(samples.length);
    }

    @Override
    public int maxTokens() {
        return sound.mostFrames();
    }

    @Override
    public int outputs() {
        return architecture.hiddenSize();
    }
}
