package io.tokenwise.fuzz.differ;

import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.WavReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** What our reader makes of a recording: a line with rate and channels, and samples as float32, as {@code sox_peer.py} writes them. */
final class Samples {
    /** SoX has samples of 32 bits, so of a float it has one of the two numbers beside it at most half a step away, and ours is rounded to a float. */
    private static final double STEP = 0x1p-31;

    /** Of two filters, each its makers' choice: of 600 files with tones that both let through none differed by more than 1e-5. */
    private static final double FILTERS = 3e-5;

    private Samples() {}

    static Answer read(byte[] file) throws IOException {
        return read(file, sound -> sound);
    }

    static Answer read16kHz(byte[] file) throws IOException {
        return read(file, Resampler::to16kHz);
    }

    private static Answer read(byte[] file, UnaryOperator<Sound> as) throws IOException {
        try (WavReader wav = WavReader.open("sound.wav", new ByteArrayInputStream(file))) {
            Sound sound = as.apply(wav);
            float[] all = new float[1 << 16];
            int count = 0;
            for (int read = sound.read(all, 0, all.length);
                    read >= 0;
                    read = sound.read(all, count, all.length - count)) {
                count += read;
            }
            byte[] line = (wav.rateHz() + " " + wav.channels() + "\n").getBytes(StandardCharsets.ISO_8859_1);
            ByteBuffer out =
                    ByteBuffer.allocate(line.length + Float.BYTES * count).order(ByteOrder.LITTLE_ENDIAN);
            out.put(line);
            for (int i = 0; i < count; i++) {
                out.putFloat(all[i]);
            }
            return wav.cutShort().map(Answer::refusal).orElseGet(() -> Answer.read(out.array()));
        }
    }

    /** Samples of whole numbers are the same bits; floats are within SoX's own rounding. */
    static Optional<String> difference(Answer ours, Answer theirs) {
        return Answer.refusal(ours, theirs).or(() -> {
            Read we = Read.of(ours);
            Read they = Read.of(theirs);
            boolean floats = they.line.startsWith("float ");
            if (we.values.remaining() != they.values.remaining()) {
                return Optional.of("samples: " + we.values.remaining() + " and " + they.values.remaining());
            }
            return difference(we, they, floats ? STEP : 0);
        });
    }

    /** Two filters are to agree on what both let through. */
    static Optional<String> difference16kHz(Answer ours, Answer theirs) {
        return Answer.refusal(ours, theirs).or(() -> {
            Read we = Read.of(ours);
            Read they = Read.of(theirs);
            if (Math.abs(we.values.remaining() - they.values.remaining()) > 1) {
                return Optional.of("samples: " + we.values.remaining() + " and " + they.values.remaining());
            }
            return difference(we, they, FILTERS);
        });
    }

    private static Optional<String> difference(Read we, Read they, double most) {
        if (!they.line.substring(they.line.indexOf(' ') + 1).equals(we.line)) {
            return Optional.of(we.line + " and " + they.line);
        }
        double largest = 0;
        int at = 0;
        for (int i = 0; i < Math.min(we.values.remaining(), they.values.remaining()); i++) {
            float value = we.values.get(i);
            double distance = Math.abs((double) value - they.values.get(i)) - (most == 0 ? 0 : Math.ulp(value));
            if (!(distance <= largest)) {
                largest = distance;
                at = i;
            }
        }
        return largest <= most
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "sample %d is %.9g and %.9g, %.3g apart; at most %.3g is right",
                        at,
                        we.values.get(at),
                        they.values.get(at),
                        largest,
                        most));
    }

    private record Read(String line, FloatBuffer values) {
        static Read of(Answer answer) {
            byte[] content = answer.content();
            int end = 0;
            while (content[end] != '\n') {
                end++;
            }
            return new Read(
                    new String(content, 0, end, StandardCharsets.ISO_8859_1),
                    ByteBuffer.wrap(content, end + 1, content.length - end - 1)
                            .slice()
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .asFloatBuffer());
        }
    }
}
