package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.SpeechSpending;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.WavReader;
import io.tokenwise.cli.Row.Mode;
import io.tokenwise.cli.SpokenFiles.Spoken;
import io.tokenwise.session.Transcription;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** One way to run a speech recogniser, and what it has heard and cost so far. For one thread. */
final class SpeechRun implements EvalRows.Run {
    private final EvalWay way;
    private final SpeechRecognizer recognizer;
    private final Budget how;
    private final boolean dense;
    private final SpeechSpending spending;
    private final List<int[]> framesAndTokens = new ArrayList<>();
    private final int beam;
    private WordErrorRate words = WordErrorRate.NONE;
    private WordErrorRate characters = WordErrorRate.NONE;
    private long recordings;
    private double soundSeconds;
    private double seconds;

    /** @param beam beginnings of texts that a search keeps; 0 for none */
    SpeechRun(EvalWay way, SpeechRecognizer recognizer, int beam) {
        this.beam = beam;
        this.way = way;
        this.recognizer = recognizer;
        how = way.how();
        List<Acm> modules = recognizer.model().encoder().acms();
        dense = modules.isEmpty();
        spending = new SpeechSpending(
                modules,
                Acmizer.modules(recognizer.model().encoder().tokenSlots()).size());
    }

    /** Transcribes without measuring. */
    void warmUp(Spoken file) throws IOException {
        try (WavReader sound = WavReader.open(file.audio())) {
            transcription(null).of(sound, (_, _, _, _) -> {});
        }
    }

    /**
     * Transcribes a recording and compares it with what is said in it.
     *
     * @return a line for the user if the file ends too early
     */
    Optional<String> hear(Spoken file) throws IOException {
        Optional<String> cutShort;
        List<TimedText> heard = new ArrayList<>();
        long start = System.nanoTime();
        try (WavReader sound = WavReader.open(file.audio())) {
            transcription(spending)
                    .of(sound, (begin, end, text, tokens) -> heard.add(new TimedText(begin, end, text, tokens)));
            cutShort = sound.cutShort();
        }
        seconds += (System.nanoTime() - start) / 1e9;
        recordings++;
        String transcript = heard.stream().map(TimedText::text).collect(Collectors.joining(" "));
        words = words.plus(WordErrorRate.of(file.transcript(), transcript));
        characters = characters.plus(WordErrorRate.ofCharacters(file.transcript(), transcript));
        for (TimedText segment : heard) {
            double duration = segment.endSeconds() - segment.startSeconds();
            soundSeconds += duration;
            int frames = recognizer.model().files().speech().sound().frames((int) Math.round(duration * 16_000));
            if (frames > 0) {
                framesAndTokens.add(new int[] {frames, segment.tokens() + 1});
            }
        }
        return cutShort;
    }

    private Transcription transcription(LearnerObserver observer) {
        return new Transcription(recognizer.model(), how, observer, Deadline.NONE, beam);
    }

    WordErrorRate words() {
        return words;
    }

    double soundSeconds() {
        return soundSeconds;
    }

    /** The word error rate first. */
    Map<Metric, Double> metrics() {
        Map<Metric, Double> metrics = new LinkedHashMap<>();
        metrics.put(Metric.WER, words.rate());
        metrics.put(Metric.CER, characters.rate());
        metrics.put(Metric.REAL_TIME_FACTOR, seconds / soundSeconds);
        return metrics;
    }

    @Override
    public Mode mode() {
        return way.mode();
    }

    @Override
    public double budget() {
        return way.budget();
    }

    @Override
    public Budget.Unit unit() {
        return way.unit();
    }

    /** Texts are compared, not vectors. */
    @Override
    public Double meanCosine() {
        return null;
    }

    @Override
    public double meanLearners() {
        return dense ? Double.NaN : spending.both().meanLearners();
    }

    @Override
    public double spent() {
        return share(spending.both());
    }

    private double share(Spending of) {
        return dense ? 1 : of.share();
    }

    /** Of a frame, the work of what writes the text shared among a recording's frames. */
    @Override
    public double flopsPerToken() {
        double flops = 0;
        long frames = 0;
        for (int[] segment : framesAndTokens) {
            flops += segment[0] * recognizer.model().encoder().flopsPerToken(segment[0], share(spending.encoder()))
                    + recognizer.model().encoder().writer().flops(segment[0], segment[1], share(spending.decoder()));
            frames += segment[0];
        }
        return flops / frames;
    }

    @Override
    public double millisPerInput() {
        return 1e3 * seconds / recordings;
    }

    @Override
    public double seconds() {
        return seconds;
    }
}
