package io.tokenwise.audio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SpeechSegmentsTest {
    private static final int HZ = Sound.SPEECH_HZ;
    private static final float LOUD = .1f;
    private static final Duration TEN_SECONDS = Duration.ofSeconds(10);

    private static List<SpeechSegment> segments(float[] sound, Duration longest) {
        try {
            var segments = new SpeechSegments(Sound.of(HZ, sound), longest);
            List<SpeechSegment> all = new ArrayList<>();
            for (Optional<SpeechSegment> next = segments.next(); next.isPresent(); next = segments.next()) {
                all.add(next.get());
            }
            return all;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Noise of a level for each tenth of a second. */
    private static float[] sound(List<Float> levels) {
        float[] sound = new float[levels.size() * HZ / 10];
        var random = new Random(1);
        for (int i = 0; i < sound.length; i++) {
            sound[i] = levels.get(10 * i / HZ) * random.nextFloat(-1, 1);
        }
        return sound;
    }

    private static void add(List<Float> levels, double seconds, float level) {
        for (int i = 0; i < Math.round(10 * seconds); i++) {
            levels.add(level);
        }
    }

    /** Seconds of sound and silence in turn, beginning with silence. */
    private static float[] alternating(double... seconds) {
        List<Float> levels = new ArrayList<>();
        for (int i = 0; i < seconds.length; i++) {
            add(levels, seconds[i], i % 2 == 0 ? 0 : LOUD);
        }
        return sound(levels);
    }

    private static long at(double seconds) {
        return Math.round(seconds * HZ);
    }

    @Test
    void silenceHasNoSegments() {
        assertThat(segments(new float[0], TEN_SECONDS)).isEmpty();
        assertThat(segments(alternating(60), TEN_SECONDS)).isEmpty();
        float[] offset = new float[3 * HZ];
        Arrays.fill(offset, .2f);
        assertThat(segments(offset, TEN_SECONDS)).isEmpty();
    }

    @Test
    void longPausesEndASegmentAndAFifthOfASecondOfThemStays() {
        assertThat(segments(alternating(5, 2, 3, 4, .5, 1, 7), TEN_SECONDS))
                .extracting(SpeechSegment::firstSample, SpeechSegment::endSample)
                .containsExactly(tuple(at(4.8), at(7.2)), tuple(at(9.8), at(15.7)));
    }

    @Test
    void aWordAloneGetsASecond() {
        List<SpeechSegment> segments = segments(alternating(2, .2, 2), TEN_SECONDS);
        assertThat(segments).hasSize(1);
        assertThat(segments.getFirst().firstSample()).isEqualTo(at(1.8));
        assertThat(segments.getFirst().samples()).hasSize(HZ);
    }

    @Test
    void speechIsCutAtTheQuietestPlaceOfTheSecondHalf() {
        List<Float> levels = new ArrayList<>();
        add(levels, 3, LOUD);
        add(levels, .2, .001f);
        add(levels, 3.8, LOUD);
        add(levels, .2, .02f);
        add(levels, 1, LOUD);
        add(levels, .2, .04f);
        add(levels, 3, LOUD);
        List<SpeechSegment> segments = segments(sound(levels), TEN_SECONDS);
        assertThat(segments).hasSize(2);
        assertThat(segments.getFirst().endSample()).isBetween(at(7), at(7.2));
        assertThat(segments.get(1).firstSample()).isEqualTo(segments.getFirst().endSample());
        assertThat(segments.get(1).endSample()).isEqualTo(at(11.4));
    }

    @Test
    void evenSoundIsCutNearTheLimitAndNothingIsLost() {
        float[] sound = new float[25 * HZ + 7];
        for (int i = 0; i < sound.length; i++) {
            sound[i] = i % 2 == 0 ? LOUD : -LOUD;
        }
        List<SpeechSegment> segments = segments(sound, TEN_SECONDS);
        assertThat(segments).hasSize(3);
        assertThat(segments.getFirst().endSample()).isBetween(at(9.9), at(10));
        float[] joined = new float[sound.length];
        segments.forEach(segment ->
                System.arraycopy(segment.samples(), 0, joined, (int) segment.firstSample(), segment.samples().length));
        assertThat(joined).isEqualTo(sound);
    }

    @Property(tries = 200)
    void segmentsHoldAllSpeechInOrderAndAreShortEnough(
            @ForAll @Size(max = 400) List<@IntRange(max = 9) Integer> tenths,
            @ForAll @IntRange(min = 2, max = 9) int most) {
        float[] sound = sound(tenths.stream().map(n -> n < 5 ? 0 : n * .02f).toList());
        boolean[] covered = new boolean[sound.length];
        long end = 0;
        for (SpeechSegment segment : segments(sound, Duration.ofSeconds(most))) {
            assertThat(segment.firstSample()).isGreaterThanOrEqualTo(end);
            end = segment.endSample();
            assertThat(segment.samples())
                    .hasSizeBetween(1, most * HZ)
                    .isEqualTo(Arrays.copyOfRange(sound, (int) segment.firstSample(), (int) end));
            Arrays.fill(covered, (int) segment.firstSample(), (int) end, true);
        }
        for (int i = 0; i < sound.length; i++) {
            if (sound[i] != 0 && !covered[i]) {
                throw new AssertionError("sample " + i + " is lost");
            }
        }
    }

    @Test
    void hoursTakeNoMoreMemoryThanASegment() throws IOException {
        long hours = 10L * 3_600 * HZ;
        Sound saw = new Sound() {
            private long position;

            @Override
            public int rateHz() {
                return HZ;
            }

            @Override
            public int read(float[] into, int offset, int count) {
                int read = (int) Math.min(count, hours - position);
                // A pulse a frame, but for one second in ten: ten hours are soon made.
                Arrays.fill(into, offset, offset + read, 0);
                if (position / HZ % 10 != 0) {
                    into[offset] = 1;
                }
                position += read;
                return read == 0 ? -1 : read;
            }
        };
        var segments = new SpeechSegments(saw);
        long last = 0;
        int count = 0;
        for (Optional<SpeechSegment> next = segments.next(); next.isPresent(); next = segments.next()) {
            last = next.get().endSample();
            count++;
        }
        assertThat(last).isEqualTo(hours);
        assertThat(count).isEqualTo(3_600);
    }

    @Test
    void wrongRatesAndLimitsAreRefused() {
        assertThatThrownBy(() -> new SpeechSegments(Sound.of(8_000)))
                .hasMessage("segments: sound of 8000 samples a second; needed: 16000, see Resampler");
        assertThatThrownBy(() -> new SpeechSegments(Sound.of(HZ), Duration.ofSeconds(1)))
                .hasMessage("segments: the longest is to have 1000 ms; supported: 2000 to 600000");
    }
}
