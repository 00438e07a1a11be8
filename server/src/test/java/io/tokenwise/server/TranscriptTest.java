package io.tokenwise.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TimedText;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TranscriptTest {
    private static final Transcript TRANSCRIPT = new Transcript(
            3_726.2,
            List.of(
                    new TimedText(0.02, 1.9996, " Is 1 < 2?", 5),
                    new TimedText(2, 2.5, "", 0),
                    new TimedText(3_725.5, 3_726.0071, "Yes,\n\n--> & so on.", 6)));

    @Test
    void textIsOneLine() {
        assertThat(body(TRANSCRIPT.as(TranscriptFormat.TEXT))).isEqualTo("Is 1 < 2? Yes, --> & so on.\n");
    }

    @Test
    void subtitlesHaveCommasAndNumbers() {
        assertThat(body(TRANSCRIPT.as(TranscriptFormat.SRT))).isEqualTo("""
                1
                00:00:00,020 --> 00:00:02,000
                Is 1 < 2?

                2
                01:02:05,500 --> 01:02:06,007
                Yes, --> & so on.

                """);
    }

    @Test
    void webVttHasPointsAndEscapes() {
        assertThat(body(TRANSCRIPT.as(TranscriptFormat.VTT))).isEqualTo("""
                WEBVTT

                00:00:00.020 --> 00:00:02.000
                Is 1 &lt; 2?

                01:02:05.500 --> 01:02:06.007
                Yes, --&gt; &amp; so on.

                """);
    }

    @Test
    void jsonHasTheTextAndWhatItIsPaidBy() {
        JsonNode json =
                new JsonMapper().readTree(TRANSCRIPT.as(TranscriptFormat.JSON).body());

        assertThat(json.get("text").asString()).isEqualTo("Is 1 < 2? Yes, --> & so on.");
        assertThat(json.get("usage").get("type").asString()).isEqualTo("duration");
        assertThat(json.get("usage").get("seconds").asLong()).isEqualTo(3_727);
    }

    @Test
    void verboseJsonHasSegments() {
        JsonNode json = new JsonMapper()
                .readTree(TRANSCRIPT.as(TranscriptFormat.VERBOSE_JSON).body());

        assertThat(json.get("task").asString()).isEqualTo("transcribe");
        assertThat(json.get("language").asString()).isEqualTo("english");
        assertThat(json.get("duration").asDouble()).isEqualTo(3_726.2);
        assertThat(json.get("segments")).hasSize(3);
        JsonNode last = json.get("segments").get(2);
        assertThat(last.get("id").asInt()).isEqualTo(2);
        assertThat(last.get("seek").asLong()).isEqualTo(372_550);
        assertThat(last.get("start").asDouble()).isEqualTo(3_725.5);
        assertThat(last.get("end").asDouble()).isEqualTo(3_726.0071);
        assertThat(last.get("text").asString()).isEqualTo("Yes, --> & so on.");
    }

    @Test
    void silenceIsAnEmptyTranscript() {
        var silence = new Transcript(1, List.of());

        assertThat(body(silence.as(TranscriptFormat.TEXT))).isEqualTo("\n");
        assertThat(body(silence.as(TranscriptFormat.SRT))).isEmpty();
        assertThat(body(silence.as(TranscriptFormat.VTT))).isEqualTo("WEBVTT\n\n");
        assertThat(new JsonMapper()
                        .readTree(silence.as(TranscriptFormat.VERBOSE_JSON).body())
                        .get("segments"))
                .isEmpty();
    }

    @Test
    void formatsHaveTheirNames() {
        assertThat(TranscriptFormat.named("verbose_json")).contains(TranscriptFormat.VERBOSE_JSON);
        assertThat(TranscriptFormat.named("VTT")).isEmpty();
        assertThat(TranscriptFormat.named("diarized_json")).isEmpty();
        assertThat(TranscriptFormat.names()).isEqualTo("json, text, srt, vtt, verbose_json");
    }

    private static String body(Reply reply) {
        return new String(reply.body(), StandardCharsets.UTF_8);
    }
}
