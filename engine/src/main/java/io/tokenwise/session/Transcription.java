package io.tokenwise.session;

import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.nn.Pass;
import io.tokenwise.tensor.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * How a speech model writes what is said.
 *
 * @param budget of each segment, for its frames and for the tokens of its text
 * @param observer told what adaptive modules spend on a segment's frames, then on each of its tokens; may be null
 * @param deadline segments that have not begun by then are not computed
 * @param beam beginnings of texts that a search keeps, of a model that writes by what frames are; 0 for none, which is the likeliest token of each
 */
public record Transcription(OpenModel model, Budget budget, LearnerObserver observer, Deadline deadline, int beam) {
    /** Without a search. */
    public Transcription(OpenModel model, Budget budget, LearnerObserver observer, Deadline deadline) {
        this(model, budget, observer, deadline, 0);
    }

    /** Is told what was said in a segment. */
    @FunctionalInterface
    public interface Segments {
        void next(double startSeconds, double endSeconds, String text, int tokens);
    }

    /**
     * Of a sound of any rate and length, segment by segment as it is read; memory holds one segment.
     *
     * @param each gets the segments in their order, on this thread
     * @throws IOException if the sound cannot be read to its end
     * @throws IllegalArgumentException if a sample is not a finite number, when its segment is read
     * @throws IllegalStateException if the model is closed, or if the thread is interrupted while it waits for its turn or between two segments
     * @throws io.tokenwise.api.DeadlineException if the deadline passes before the last segment begins
     */
    public void of(Sound sound, Segments each) throws IOException {
        var segments = new SpeechSegments(Resampler.to16kHz(sound));
        int done = 0;
        for (Optional<SpeechSegment> next = segments.next(); next.isPresent(); next = segments.next()) {
            SpeechSegment segment = next.get();
            int[] tokens = tokens(done++, segment.samples());
            each.next(
                    (double) segment.firstSample() / Sound.SPEECH_HZ,
                    (double) segment.endSample() / Sound.SPEECH_HZ,
                    model.files().speech().vocabulary().decode(tokens),
                    tokens.length);
        }
    }

    /** The tokens of one segment's text, of samples at {@link Sound#SPEECH_HZ}; none of fewer than have a frame. */
    public int[] tokens(float... samples) {
        return tokens(0, samples);
    }

    /** @param done segments before it */
    private int[] tokens(int done, float[] samples) {
        String parts = done == 1 ? "segment" : "segments";
        return model.lend(deadline, done, parts, session -> tokens(session, samples));
    }

    private int[] tokens(Session session, float[] samples) {
        if (samples.length < model.files().speech().sound().leastSamples()) {
            return new int[0];
        }
        var bits = new int[samples.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(samples[i]));
        session.batch().clear();
        model.encoder().add(session.batch(), bits);
        Pass pass = session.pass().begin(budget).with(LearnerObserver.class, observer);
        Tensor frames = model.encoder().tokens(pass, session.batch());
        session.ran(session.batch());
        return beam == 0
                ? model.encoder().writer().write(pass, frames, samples.length)
                : model.encoder().frameWriter().search(pass, frames, beam);
    }
}
