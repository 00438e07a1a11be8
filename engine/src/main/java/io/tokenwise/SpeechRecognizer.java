package io.tokenwise;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Transcription;
import io.tokenwise.session.WarmUp;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * Turns recordings of speech into text, English with a Moonshine, any language with a wav2vec 2.0 that was trained with CTC for it; what a service imports. Recordings may have any length: they are cut into segments in
 * pauses ({@link SpeechSegments}), which are transcribed one after the other.
 *
 * <p>Thread-safe: any number of threads may call; segments of {@link EngineOptions#concurrentCalls} of them run at once and the others wait. A text
 * does not depend on the number of threads. Close waits for the segments that run, then frees all native memory; later calls, those that wait for others, and
 * those that have segments left, throw {@link IllegalStateException}. An interrupt ends a call between two segments.
 */
public final class SpeechRecognizer implements AutoCloseable {
    private final OpenModel model;

    SpeechRecognizer(OpenModel model) {
        this.model = model;
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#speechRecognizer}.
     *
     * @param model a name that {@code ./tokenwise fetch} knows, such as {@code moonshine-tiny}, or a directory with a Moonshine in ONNX files, or
     *     with a Moonshine or a wav2vec 2.0 with CTC in Hugging Face's layout
     * @return the recogniser, to be closed
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     * @throws IOException if a file cannot be read
     */
    public static SpeechRecognizer open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /**
     * Opens a model on an engine of its own; see {@link #open(String)}.
     *
     * @param model a fetched name or a directory
     * @param options what the engine may use
     * @return the recogniser, to be closed
     * @throws IOException if a file cannot be read
     */
    public static SpeechRecognizer open(String model, EngineOptions options) throws IOException {
        return new SpeechRecognizer(OpenModel.open(model, options, ModelFiles::speech));
    }

    /**
     * Opens a model from its files, which this closes.
     *
     * @param files of the model
     * @param options what its engine may use
     * @return the recogniser, to be closed
     */
    public static SpeechRecognizer open(ModelFiles files, EngineOptions options) {
        return new SpeechRecognizer(OpenModel.open(files, options, ModelFiles::speech));
    }

    /**
     * What is said in a WAV file, at full budget; otherwise as {@link #transcribe(Path, Budget)}.
     *
     * @param wav speech, in the language of the model
     * @return segment by segment; none if all is silence
     * @throws IOException if the file cannot be read
     */
    public List<TimedText> transcribe(Path wav) throws IOException {
        return transcribe(wav, Budget.FULL);
    }

    /**
     * What is said in a WAV file. Of one that ends before its header says, what is there; {@link WavReader#cutShort} tells who reads it by a method that
     * takes a {@link Sound}.
     *
     * @param wav speech, in the language of the model
     * @param budget of each segment, in FLOPs
     * @return segment by segment; none if all is silence
     * @throws io.tokenwise.api.BadFileException if it is no WAV file that is read here
     * @throws IOException if the file cannot be read
     */
    public List<TimedText> transcribe(Path wav, Budget budget) throws IOException {
        try (WavReader reader = WavReader.open(wav)) {
            return transcribe(reader, budget);
        }
    }

    /**
     * What is said in sound that is in memory, at full budget; otherwise as {@link #transcribe(float[], Budget)}.
     *
     * @param samples at {@link Sound#SPEECH_HZ}, mono, each from -1 to 1
     * @return segment by segment; none if all is silence
     */
    public List<TimedText> transcribe(float... samples) {
        return transcribe(samples, Budget.FULL);
    }

    /**
     * What is said in sound of {@link Sound#SPEECH_HZ}, mono, each sample from -1 to 1.
     *
     * @param samples in their order; not changed
     * @param budget of each segment, in FLOPs
     * @return segment by segment; none if all is silence
     * @throws IllegalArgumentException if a sample is not a finite number
     */
    public List<TimedText> transcribe(float[] samples, Budget budget) {
        try {
            return transcribe(Sound.of(Sound.SPEECH_HZ, samples), budget);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What is said in a sound of any rate and length; otherwise as {@link #transcribe(Sound, Budget, Deadline, Consumer)}.
     *
     * @param sound read to its end, not closed
     * @param budget of each segment, in FLOPs
     * @return segment by segment; none if all is silence
     * @throws IOException if the sound cannot be read to its end
     */
    public List<TimedText> transcribe(Sound sound, Budget budget) throws IOException {
        var texts = new ArrayList<TimedText>();
        transcribe(sound, budget, Deadline.NONE, texts::add);
        return texts;
    }

    /**
     * What is said in a sound of any rate and length, at full budget; otherwise as {@link #transcribe(Sound, Budget, Deadline, Consumer)}.
     *
     * @param sound read to its end, not closed
     * @param each gets the segments in their order, on this thread
     * @throws IOException if the sound cannot be read to its end
     */
    public void transcribe(Sound sound, Consumer<TimedText> each) throws IOException {
        transcribe(sound, Budget.FULL, Deadline.NONE, each);
    }

    /**
     * What is said in a sound of any rate and length, told segment by segment as it is read; memory holds one segment.
     *
     * @param sound read to its end, not closed
     * @param budget of each segment, for its frames and for the tokens of its text
     * @param deadline until when the text is wanted
     * @param each gets the segments in their order, on this thread
     * @throws IOException if the sound cannot be read to its end
     * @throws IllegalArgumentException if a sample is not a finite number, when its segment is read
     * @throws IllegalStateException if it is closed, or if the thread is interrupted while it waits for its turn or between two segments
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last segment begins; those before it have been told
     */
    public void transcribe(Sound sound, Budget budget, Deadline deadline, Consumer<TimedText> each) throws IOException {
        new Transcription(model, budget, null, deadline)
                .of(sound, (start, end, text, tokens) -> each.accept(new TimedText(start, end, text, tokens)));
    }

    /** {@return what the model is called} */
    public String name() {
        return model.files().speech().name();
    }

    /** {@return whether budgets change what it does; a dense model ignores them} */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /**
     * Transcribes noise at several budgets until that gets no faster, which takes up to some ten seconds: the JVM compiles what runs often. To be called before a service says that
     * it is ready. It takes one of the calls that run at the same time.
     *
     * @throws IllegalStateException if it is closed
     */
    public void warmUp() {
        var random = new SplittableRandom(1);
        var samples = new float[2 * Sound.SPEECH_HZ];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = (float) random.nextDouble(-0.3, 0.3);
        }
        List<Double> shares = isAdaptive() ? List.of(1.0, 0.5, 0.25) : List.of(1.0);
        List<Budget> budgets = shares.stream().map(model.encoder()::budget).toList();
        WarmUp.repeat(
                () -> budgets.forEach(budget -> new Transcription(model, budget, null, Deadline.NONE).tokens(samples)));
    }

    /** {@return the model behind, for this project's own modules} */
    public OpenModel model() {
        return model;
    }

    @Override
    public void close() {
        model.close();
    }
}
