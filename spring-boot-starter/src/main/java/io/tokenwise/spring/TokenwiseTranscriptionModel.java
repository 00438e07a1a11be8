package io.tokenwise.spring;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.WavReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.springframework.ai.audio.transcription.AudioTranscription;
import org.springframework.ai.audio.transcription.AudioTranscriptionOptions;
import org.springframework.ai.audio.transcription.AudioTranscriptionPrompt;
import org.springframework.ai.audio.transcription.AudioTranscriptionResponse;
import org.springframework.ai.audio.transcription.AudioTranscriptionResponseMetadata;
import org.springframework.ai.audio.transcription.TranscriptionModel;
import org.springframework.core.io.Resource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Schedulers;

/**
 * A {@link SpeechRecognizer} as Spring AI's {@code TranscriptionModel}: English, WAV files of any length. Thread-safe; the recognizer is its caller's to
 * close.
 *
 * <p>The response's metadata has {@link #SEGMENTS}, a {@code List<TimedText>}: Spring AI's own result is text without times.
 */
public final class TokenwiseTranscriptionModel implements TranscriptionModel {
    /** Key of the response's metadata: what was said, segment by segment, with its times. */
    public static final String SEGMENTS = "tokenwise.segments";

    private final SpeechRecognizer recognizer;
    private final Budget budget;

    /**
     * Transcribes with a recognizer.
     *
     * @param recognizer its caller's to close
     * @param budget of each segment, unless a call's options say otherwise
     */
    public TokenwiseTranscriptionModel(SpeechRecognizer recognizer, Budget budget) {
        this.recognizer = recognizer;
        this.budget = budget;
    }

    /**
     * What is said in a recording.
     *
     * @throws io.tokenwise.api.BadFileException if it is no WAV file that is read
     * @throws UncheckedIOException if it cannot be read to its end
     * @throws IllegalArgumentException if the options name another model
     */
    @Override
    public AudioTranscriptionResponse call(AudioTranscriptionPrompt prompt) {
        List<TimedText> segments = new ArrayList<>();
        try {
            transcribe(prompt, () -> false, segments::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return response(segments);
    }

    /** The same segment by segment, as they are heard; whoever cancels stops it after the segment that runs. */
    @Override
    public Flux<AudioTranscriptionResponse> stream(AudioTranscriptionPrompt prompt) {
        // What subscribers ask for is not to wait for the thread that tells segments.
        return Flux.<AudioTranscriptionResponse>create(sink -> stream(prompt, sink))
                .subscribeOn(Schedulers.boundedElastic(), false);
    }

    private void stream(AudioTranscriptionPrompt prompt, FluxSink<AudioTranscriptionResponse> sink) {
        try {
            transcribe(prompt, sink::isCancelled, segment -> sink.next(response(List.of(segment))));
            sink.complete();
        } catch (IOException | RuntimeException e) {
            sink.error(e);
        }
    }

    private void transcribe(AudioTranscriptionPrompt prompt, BooleanSupplier cancelled, Consumer<TimedText> each)
            throws IOException {
        Budget asked = budget(prompt.getOptions());
        Resource resource = prompt.getInstructions();
        String name = resource.getFilename() == null ? "recording" : resource.getFilename();
        try (WavReader wav = WavReader.open(name, resource.getInputStream())) {
            recognizer.transcribe(new Heard(wav, cancelled), asked, Deadline.NONE, each);
        }
    }

    /** A sound that ends when nobody listens any more. */
    private record Heard(Sound sound, BooleanSupplier cancelled) implements Sound {
        @Override
        public int rateHz() {
            return sound.rateHz();
        }

        @Override
        public int read(float[] into, int offset, int count) throws IOException {
            return cancelled.getAsBoolean() ? -1 : sound.read(into, offset, count);
        }
    }

    private Budget budget(AudioTranscriptionOptions options) {
        String name = recognizer.name();
        if (options != null && options.getModel() != null && !options.getModel().equals(name)) {
            throw new IllegalArgumentException(
                    "model " + options.getModel() + " is asked for, tokenwise.speech.model is " + name);
        }
        return options instanceof TokenwiseTranscriptionOptions ours && ours.budget() != null ? ours.budget() : budget;
    }

    /** Text on one line, to which segments without words add nothing. */
    static AudioTranscriptionResponse response(List<TimedText> segments) {
        String text = segments.stream()
                .map(TimedText::text)
                .filter(words -> !words.isBlank())
                .collect(Collectors.joining(" "));
        var metadata = new AudioTranscriptionResponseMetadata();
        metadata.put(SEGMENTS, List.copyOf(segments));
        return new AudioTranscriptionResponse(new AudioTranscription(text), metadata);
    }
}
