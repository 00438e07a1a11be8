package io.tokenwise.server;

import io.tokenwise.TimedText;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.model.SoundForm;
import io.tokenwise.serving.Answer;
import io.tokenwise.serving.BudgetRange;
import io.tokenwise.serving.Lane;
import io.tokenwise.serving.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * One recording on its way through the queue, segment by segment: the next one is cut when the last one is answered, so that memory holds one, and others come in between. Once its
 * result is completed by somebody else, such as by being cancelled, nothing more of it is computed.
 */
final class Transcribing {
    private final Recording sound;
    private final SpeechSegments segments;
    private final Lane<TimedText> lane;
    private final BudgetRange range;
    private final Deadline deadline;
    private final SoundForm form;
    private final Executor cutter;
    private final List<TimedText> texts = new ArrayList<>();
    private final List<Integer> frames = new ArrayList<>();
    private final List<Answer<TimedText>> answers = new ArrayList<>();
    private final CompletableFuture<Heard> heard = new CompletableFuture<>();

    /**
     * What came of it.
     *
     * @param frames of each segment that was long enough to ask, which are its tokens
     * @param answers the queue's, to each of these
     */
    record Heard(Transcript transcript, List<Integer> frames, List<Answer<TimedText>> answers) {
        /** In the form that was asked for, with what the segments were allowed and have cost. */
        Reply tell(Observation observation, TranscriptFormat format) {
            observation.answered(frames, answers);
            Reply reply = transcript.as(format);
            return answers.isEmpty() ? reply : Costs.of(observation.inputs(), 0).tell(reply);
        }
    }

    private Transcribing(Recording sound, ServedSpeech speech, BudgetRange range, Deadline deadline, Executor cutter) {
        this.sound = sound;
        segments = new SpeechSegments(Resampler.to16kHz(sound));
        this.lane = speech.lane();
        form = speech.sound();
        this.range = range;
        this.deadline = deadline;
        this.cutter = cutter;
    }

    /**
     * Starts.
     *
     * @param cutter reads the sound and cuts it
     * @return failed with what reading the sound, or the queue, throws
     */
    static CompletableFuture<Heard> start(
            Recording sound, ServedSpeech speech, BudgetRange range, Deadline deadline, Executor cutter) {
        var running = new Transcribing(sound, speech, range, deadline, cutter);
        cutter.execute(running::next);
        return running.heard;
    }

    private void next() {
        try {
            Optional<SpeechSegment> segment = Optional.empty();
            while (!heard.isDone() && (segment = segments.next()).isPresent()) {
                if (segment.get().samples().length >= form.leastSamples()) {
                    ask(segment.get());
                    return;
                }
                // No word can be in it.
                texts.add(timed(segment.get(), "", 0));
            }
            heard.complete(new Heard(
                    new Transcript(sound.seconds(), List.copyOf(texts)), List.copyOf(frames), List.copyOf(answers)));
        } catch (Throwable e) {
            heard.completeExceptionally(e);
        }
    }

    private void ask(SpeechSegment segment) {
        CompletableFuture<Answer<TimedText>> asked =
                lane.submit(new Request(ServedSegments.bits(segment.samples()), deadline, range));
        heard.whenComplete((result, failure) -> asked.cancel(false));
        // A cutter that is closed takes nothing more: that is a failure too, which somebody waits for.
        asked.thenAcceptAsync(answer -> answered(segment, answer), cutter).whenComplete((done, failure) -> {
            if (failure != null) {
                heard.completeExceptionally(failure);
            }
        });
    }

    private void answered(SpeechSegment segment, Answer<TimedText> answer) {
        frames.add(form.frames(segment.samples().length));
        answers.add(answer);
        texts.add(timed(segment, answer.result().text(), answer.result().tokens()));
        next();
    }

    private static TimedText timed(SpeechSegment segment, String text, int tokens) {
        return new TimedText(
                (double) segment.firstSample() / Sound.SPEECH_HZ,
                (double) segment.endSample() / Sound.SPEECH_HZ,
                text,
                tokens);
    }
}
