package io.tokenwise;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.MoonshineArchitecture;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.nn.Pass;
import io.tokenwise.session.OpenModel;
import io.tokenwise.session.Session;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Turns recordings of English speech into text with a Moonshine; what a service imports. Recordings may have any length: they are cut into segments in
 * pauses ({@link SpeechSegments}), which are transcribed one after the other.
 *
 * <p>Thread-safe: any number of threads may call; segments of {@link EngineOptions#concurrentCalls} of them run at once and the others wait. A text
 * does not depend on the number of threads. Close waits for the segments that run, then frees all native memory; later calls, those that wait for others, and
 * those that have segments left, throw {@link IllegalStateException}.
 */
public final class SpeechRecognizer implements AutoCloseable {
    private final OpenModel model;
    private final SpeechDescription description;

    SpeechRecognizer(OpenModel model) {
        this.model = model;
        description = model.files().speech();
    }

    /**
     * Opens a model on an engine of its own with {@link EngineOptions#defaults}; to share one see {@link Engine#speechRecognizer}.
     *
     * @param model a name that {@code ./tokenwise fetch} knows, such as {@code moonshine-tiny}, or a directory with a Moonshine in ONNX files or in
     *     Hugging Face's layout
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     */
    public static SpeechRecognizer open(String model) throws IOException {
        return open(model, EngineOptions.defaults());
    }

    /** Opens a model on an engine of its own; see {@link #open(String)}. */
    public static SpeechRecognizer open(String model, EngineOptions options) throws IOException {
        return new SpeechRecognizer(OpenModel.open(model, options, ModelFiles::speech));
    }

    /** Opens a model from its files, which this closes. */
    public static SpeechRecognizer open(ModelFiles files, EngineOptions options) {
        return new SpeechRecognizer(OpenModel.open(files, options, ModelFiles::speech));
    }

    /** What is said in a WAV file, at full budget; otherwise as {@link #transcribe(Path, Budget)}. */
    public List<TimedText> transcribe(Path wav) throws IOException {
        return transcribe(wav, Budget.FULL);
    }

    /**
     * What is said in a WAV file. Of one that ends before its header says, what is there; {@link WavReader#cutShort} tells who reads it by a method that
     * takes a {@link Sound}.
     *
     * @return segment by segment; none if all is silence
     * @throws io.tokenwise.api.BadFileException if it is no WAV file that is read here
     */
    public List<TimedText> transcribe(Path wav, Budget budget) throws IOException {
        try (WavReader reader = WavReader.open(wav)) {
            return transcribe(reader, budget);
        }
    }

    /** What is said in sound that is in memory, at full budget; otherwise as {@link #transcribe(float[], Budget)}. */
    public List<TimedText> transcribe(float... samples) {
        return transcribe(samples, Budget.FULL);
    }

    /**
     * What is said in sound of {@link Sound#SPEECH_HZ}, mono, each sample from -1 to 1.
     *
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
     * What is said in a sound of any rate and length; otherwise as {@link #transcribe(Sound, Budget, LearnerObserver, Consumer)}.
     *
     * @return segment by segment; none if all is silence
     */
    public List<TimedText> transcribe(Sound sound, Budget budget) throws IOException {
        var texts = new ArrayList<TimedText>();
        transcribe(sound, budget, null, texts::add);
        return texts;
    }

    /** What is said in a sound of any rate and length, at full budget; otherwise as {@link #transcribe(Sound, Budget, LearnerObserver, Consumer)}. */
    public void transcribe(Sound sound, Consumer<TimedText> each) throws IOException {
        transcribe(sound, Budget.FULL, null, each);
    }

    /**
     * What is said in a sound of any rate and length, told segment by segment as it is read; memory holds one segment.
     *
     * @param budget of each segment, for its frames and for the tokens of its text
     * @param observer told what adaptive modules spend on a segment's frames, then on each of its tokens; may be null
     * @param each gets the segments in their order, on this thread
     * @throws IOException if the sound cannot be read to its end
     * @throws IllegalArgumentException if a sample is not a finite number, when its segment is read
     */
    public void transcribe(Sound sound, Budget budget, LearnerObserver observer, Consumer<TimedText> each)
            throws IOException {
        var segments = new SpeechSegments(Resampler.to16kHz(sound));
        for (Optional<SpeechSegment> next = segments.next(); next.isPresent(); next = segments.next()) {
            SpeechSegment segment = next.get();
            int[] tokens = tokens(segment.samples(), budget, observer);
            each.accept(new TimedText(
                    (double) segment.firstSample() / Sound.SPEECH_HZ,
                    (double) segment.endSample() / Sound.SPEECH_HZ,
                    description.vocabulary().decode(tokens),
                    tokens.length));
        }
    }

    /** The text of one segment; none below {@link MoonshineArchitecture#LEAST_SAMPLES}, where no word can be. */
    private int[] tokens(float[] samples, Budget budget, LearnerObserver observer) {
        if (samples.length < MoonshineArchitecture.LEAST_SAMPLES) {
            return new int[0];
        }
        return model.lend(Deadline.NONE, session -> tokens(session, samples, budget, observer));
    }

    private int[] tokens(Session session, float[] samples, Budget budget, LearnerObserver observer) {
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        session.batch().clear();
        model.encoder().add(session.batch(), bits);
        Pass pass = session.pass().begin(budget).with(LearnerObserver.class, observer);
        Tensor frames = model.encoder().tokens(pass, session.batch());
        return model.encoder().decoder().write(pass, frames, SpeechDescription.mostTokens(samples.length));
    }

    /** What the model is called. */
    public String name() {
        return description.name();
    }

    /** Whether budgets change what it does; a dense model ignores them. */
    public boolean isAdaptive() {
        return model.encoder().isAdaptive();
    }

    /** The model behind, for this project's own modules. */
    public OpenModel model() {
        return model;
    }

    @Override
    public void close() {
        model.close();
    }
}
