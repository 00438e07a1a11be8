package io.tokenwise.server;

import io.tokenwise.TimedText;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What was said in a recording, to be written in one of the forms that clients ask for.
 *
 * @param seconds of sound that were read, silence included
 * @param segments in their order; those in which no words were heard have an empty text
 */
record Transcript(double seconds, List<TimedText> segments) {
    /** What {@link TranscriptFormat#JSON} is. */
    record Plain(String text, Usage usage) {}

    /** What a transcription is paid by elsewhere: the seconds of sound, begun ones whole. */
    record Usage(String type, long seconds) {}

    /** What {@link TranscriptFormat#VERBOSE_JSON} is. OpenAI's {@code tokens}, {@code avg_logprob}, {@code compression_ratio} and {@code no_speech_prob} are left out: nobody here uses the first, or measures the others. */
    record Verbose(String task, String language, double duration, String text, List<Segment> segments, Usage usage) {}

    /** @param seek where the segment begins, in hundredths of a second, as Whisper counts */
    record Segment(int id, long seek, double start, double end, String text, double temperature) {}

    /** The whole text on one line. */
    String text() {
        return segments.stream()
                .map(Transcript::words)
                .filter(words -> !words.isEmpty())
                .collect(Collectors.joining(" "));
    }

    /** The answer. */
    Reply as(TranscriptFormat format) {
        return switch (format) {
            case JSON -> Reply.json(new Plain(text(), usage()));
            case VERBOSE_JSON -> Reply.json(verbose());
            case TEXT -> Reply.text("text/plain; charset=utf-8", text() + "\n");
            case SRT -> Reply.text("text/plain; charset=utf-8", cues("", true, ','));
            case VTT -> Reply.text("text/vtt; charset=utf-8", cues("WEBVTT\n\n", false, '.'));
        };
    }

    private Usage usage() {
        return new Usage("duration", (long) Math.ceil(seconds));
    }

    private Verbose verbose() {
        List<Segment> all = IntStream.range(0, segments.size())
                .mapToObj(i -> segment(i, segments.get(i)))
                .toList();
        return new Verbose("transcribe", "english", seconds, text(), all, usage());
    }

    private static Segment segment(int id, TimedText segment) {
        double start = segment.startSeconds();
        return new Segment(id, Math.round(100 * start), start, segment.endSeconds(), words(segment), 0);
    }

    /** Subtitles: a cue for each segment with words. */
    private String cues(String header, boolean numbered, char decimal) {
        var out = new StringBuilder(header);
        int number = 0;
        for (TimedText segment : segments) {
            String words = words(segment);
            if (words.isEmpty()) {
                continue;
            }
            if (numbered) {
                out.append(++number).append('\n');
            }
            out.append(clock(segment.startSeconds(), decimal))
                    .append(" --> ")
                    .append(clock(segment.endSeconds(), decimal))
                    .append('\n')
                    .append(numbered ? words : escaped(words))
                    .append("\n\n");
        }
        return out.toString();
    }

    /** {@code hh:mm:ss.mmm}. */
    private static String clock(double seconds, char decimal) {
        long millis = Math.round(1_000 * seconds);
        return String.format(
                Locale.ROOT,
                "%02d:%02d:%02d%c%03d",
                millis / 3_600_000,
                millis / 60_000 % 60,
                millis / 1_000 % 60,
                decimal,
                millis % 1_000);
    }

    /** On one line: an empty one would end a cue, and a model may write any byte. */
    private static String words(TimedText segment) {
        return segment.text().strip().replaceAll("\\s+", " ");
    }

    /** WebVTT has tags and references; SubRip has none that are agreed on. */
    private static String escaped(String words) {
        return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
