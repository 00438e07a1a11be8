package io.tokenwise;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.choice.Backends;
import io.tokenwise.io.ModelFiles;
import io.tokenwise.io.MoonshineArchitecture;
import io.tokenwise.io.SpeechDescription;
import io.tokenwise.model.Encoder;
import io.tokenwise.nn.Decoding;
import io.tokenwise.nn.Pass;
import io.tokenwise.nn.TokenBatch;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
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
 * <p>Thread-safe: any number of threads may call; segments of {@link RecognizerOptions#concurrentCalls} of them run at once and the others wait. A text
 * does not depend on the number of threads. Close waits for the segments that run, then frees all native memory; later calls, those that wait for others, and
 * those that have segments left, throw {@link IllegalStateException}.
 */
public final class SpeechRecognizer implements AutoCloseable {
    private final Backend backend;
    private final SpeechDescription description;
    private final Encoder model;
    private final SessionPool<Session> sessions;
    private final OpenUntilClosed open = new OpenUntilClosed("speech recogniser");

    /** One segment's worth of working memory. */
    private record Session(Workspace workspace, Pass pass, TokenBatch batch) implements AutoCloseable {
        static Session open(Backend backend, long limitBytes) {
            var workspace = backend.workspace(limitBytes);
            return new Session(workspace, new Pass(backend.stream(), workspace), new TokenBatch());
        }

        @Override
        public void close() {
            workspace.close();
        }
    }

    private SpeechRecognizer(Backend backend, ModelFiles files, RecognizerOptions options) {
        this.backend = backend;
        description = files.speech();
        model = Encoder.load(files, backend);
        try {
            files.close();
            long limitBytes = memoryLimit(description.architecture());
            sessions = new SessionPool<>(
                    "speech recogniser", options.concurrentCalls(), () -> Session.open(backend, limitBytes));
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    /**
     * Opens a model with {@link RecognizerOptions#defaults}.
     *
     * @param model a name that {@code ./tokenwise fetch} knows, such as {@code moonshine-tiny}, or a directory with a Moonshine in ONNX files or in
     *     Hugging Face's layout
     * @throws io.tokenwise.api.BadFileException if a file is absent, bad or not supported
     */
    public static SpeechRecognizer open(String model) throws IOException {
        return open(model, RecognizerOptions.defaults());
    }

    /** Opens a model; see {@link #open(String)}. */
    public static SpeechRecognizer open(String model, RecognizerOptions options) throws IOException {
        return open(ModelFiles.open(model), options);
    }

    /** Opens a model in a directory; see {@link #open(String)}. */
    public static SpeechRecognizer open(Path directory, RecognizerOptions options) throws IOException {
        return open(ModelFiles.open(directory), options);
    }

    /** Opens a model from its files, which this closes. */
    public static SpeechRecognizer open(ModelFiles files, RecognizerOptions options) {
        Backend backend = null;
        try {
            // Before threads are started for nothing.
            files.speech();
            backend = Backends.open(options.backend(), options.threads());
            return new SpeechRecognizer(backend, files, options);
        } catch (Throwable e) {
            files.close();
            if (backend != null) {
                backend.close();
            }
            throw e;
        }
    }

    /**
     * Native memory that one session never passes, in bytes: twice what the longest segment needs, because a workspace that grows holds up to twice its
     * content. That is the front end with its windows, or the encoder's layers and, beside the frames, the keys and values of the decoder's.
     */
    public static long memoryLimit(MoonshineArchitecture sizes) {
        long hidden = sizes.hiddenSize();
        int frames = MoonshineArchitecture.frames(SpeechDescription.MOST_SAMPLES);
        long frontEnd = frames * frontEndFloats(sizes);
        long encoder = frames * (hidden * (sizes.layers() + 10) + sizes.intermediateSize());
        long tokens = Decoding.columns(frames)
                + Decoding.columns(SpeechDescription.mostTokens(SpeechDescription.MOST_SAMPLES));
        long decoder = sizes.decoderLayers() * (2 * hidden * tokens + 12 * hidden + 4L * sizes.intermediateSize())
                + sizes.vocabularySize();
        return 2 * Float.BYTES * (frontEnd + encoder + decoder) + (4L << 20);
    }

    /** Values that the front end holds for a frame: its samples, and of the convolutions. */
    static long frontEndFloats(MoonshineArchitecture sizes) {
        long hidden = sizes.hiddenSize();
        // The first convolution has 6 rows, the second 2 of twice the width; the windows of only one are there at a
        // time.
        long windows = Math.max(6 * 127, 2 * 7 * hidden);
        return MoonshineArchitecture.FRAME_SAMPLES + hidden * (6 + 2 * 2 + 2) + windows;
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
            each.accept(transcribe(next.get(), budget, observer));
        }
    }

    /**
     * What is said in one segment, for those who cut a sound themselves.
     *
     * @param segment of at most {@link SpeechSegments#LONGEST}
     */
    public TimedText transcribe(SpeechSegment segment, Budget budget) {
        return transcribe(segment, budget, null);
    }

    private TimedText transcribe(SpeechSegment segment, Budget budget, LearnerObserver observer) {
        int[] tokens = tokens(segment.samples(), budget, observer);
        return new TimedText(
                (double) segment.firstSample() / Sound.SPEECH_HZ,
                (double) segment.endSample() / Sound.SPEECH_HZ,
                description.vocabulary().decode(tokens),
                tokens.length);
    }

    /** The text of one segment; none below {@link MoonshineArchitecture#LEAST_SAMPLES}, where no word can be. */
    private int[] tokens(float[] samples, Budget budget, LearnerObserver observer) {
        if (samples.length < MoonshineArchitecture.LEAST_SAMPLES) {
            return new int[0];
        }
        return open.use(() -> {
            Session session = sessions.borrow();
            try {
                return tokens(session, samples, budget, observer);
            } finally {
                sessions.giveBack(session);
            }
        });
    }

    private int[] tokens(Session session, float[] samples, Budget budget, LearnerObserver observer) {
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        session.batch.clear();
        model.add(session.batch, bits);
        Pass pass = session.pass.begin(budget).with(LearnerObserver.class, observer);
        Tensor frames = model.tokens(pass, session.batch);
        return model.decoder().write(pass, frames, SpeechDescription.mostTokens(samples.length));
    }

    /** What the model is. */
    public SpeechDescription description() {
        return description;
    }

    /** The model behind, for evaluation; it is closed with this object. */
    public Encoder model() {
        return model;
    }

    /** What computes: its name, threads and precision. */
    public Backend backend() {
        return backend;
    }

    /** Native memory that all sessions hold now, in bytes. */
    public long workspaceBytes() {
        return sessions.all().stream()
                .mapToLong(session -> session.workspace.bytes())
                .sum();
    }

    @Override
    public void close() {
        open.close(sessions::refuse, () -> {
            sessions.close();
            model.close();
            backend.close();
        });
    }
}
