package io.tokenwise.langchain4j;

import dev.langchain4j.data.audio.Audio;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.audio.AudioTranscriptionModel;
import dev.langchain4j.model.audio.AudioTranscriptionRequest;
import dev.langchain4j.model.audio.AudioTranscriptionResponse;
import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.WavReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A speech recognizer as LangChain4j's transcription model: WAV in, text out, of any length: English with a Moonshine, the language that it was trained for with a wav2vec 2.0.
 * LangChain4j's response has no times; for those call {@link SpeechRecognizer#transcribe}.
 *
 * <p>A recording is given as bytes or base64; nothing is fetched from URLs. Prompts, temperatures above 0 and languages other than English are refused, since the
 * models take none; for a wav2vec 2.0 of another language leave it out. Thread-safe. The recognizer stays the caller's, who closes it.
 */
public final class TokenwiseAudioTranscriptionModel implements AudioTranscriptionModel {
    private final SpeechRecognizer recognizer;
    private final Budget budget;

    /**
     * Transcribes at full budget.
     *
     * @param recognizer stays the caller's
     */
    public TokenwiseAudioTranscriptionModel(SpeechRecognizer recognizer) {
        this(recognizer, Budget.FULL);
    }

    /**
     * Transcribes with one budget.
     *
     * @param recognizer stays the caller's
     * @param budget of each segment, in FLOPs
     */
    public TokenwiseAudioTranscriptionModel(SpeechRecognizer recognizer, Budget budget) {
        this.recognizer = recognizer;
        this.budget = budget;
    }

    /**
     * What is said in a recording; empty if nothing is.
     *
     * @throws InvalidRequestException if the audio has neither bytes nor base64, or is no WAV that is read here
     * @throws UnsupportedFeatureException if the request has a prompt, a temperature or another language
     */
    @Override
    public AudioTranscriptionResponse transcribe(AudioTranscriptionRequest request) {
        refuseUnsupported(request);
        try (var wav = WavReader.open("audio", new ByteArrayInputStream(bytes(request.audio())))) {
            return AudioTranscriptionResponse.from(text(recognizer.transcribe(wav, budget)));
        } catch (BadFileException e) {
            throw new InvalidRequestException(e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One line; segments in which no words were heard add nothing. */
    static String text(List<TimedText> segments) {
        return segments.stream()
                .map(TimedText::text)
                .filter(words -> !words.isBlank())
                .collect(Collectors.joining(" "));
    }

    private static void refuseUnsupported(AudioTranscriptionRequest request) {
        if (request.prompt() != null && !request.prompt().isBlank()) {
            throw new UnsupportedFeatureException("prompt: the model takes none; leave it out");
        }
        if (request.temperature() != null && request.temperature() != 0) {
            throw new UnsupportedFeatureException(
                    "temperature: " + request.temperature() + ", the model writes what is likeliest; leave it out");
        }
        String language = request.language();
        if (language != null
                && !language.isBlank()
                && !Locale.forLanguageTag(language).getLanguage().equals("en")
                && !language.equalsIgnoreCase("english")) {
            throw new UnsupportedFeatureException("language: " + language + ", the model knows English (en) only");
        }
    }

    private static byte[] bytes(Audio audio) {
        if (audio.binaryData() != null) {
            return audio.binaryData();
        }
        if (audio.base64Data() == null) {
            throw new InvalidRequestException("audio: has neither bytes nor base64; give one, a URL is not fetched");
        }
        try {
            return Base64.getDecoder().decode(audio.base64Data());
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException("audio: is not base64", e);
        }
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OTHER;
    }
}
