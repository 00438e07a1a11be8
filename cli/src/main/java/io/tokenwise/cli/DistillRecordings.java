package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.model.SoundForm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/** Reads recordings to train on: WAV files, and those in folders, cut in pauses as those that are transcribed. For one thread. */
final class DistillRecordings {
    /** What memory holds of them: 4 bytes a sample, 1.4 GB. */
    static final long MOST_SAMPLES = 6L * 3_600 * Sound.SPEECH_HZ;

    private final SoundForm sound;
    private final List<int[]> segments = new ArrayList<>();
    private long samples;

    /** Lines for the user on files that end too early. */
    private final List<String> remarks;

    private DistillRecordings(SoundForm sound, List<String> remarks) {
        this.sound = sound;
        this.remarks = remarks;
    }

    /**
     * The segments' samples as the bits of floats, in an order that the seed decides.
     *
     * @param sound what the model hears; segments without a frame are left out
     * @param remarks gets a line for the user for each file that ends too early
     * @throws BadFileException if a file is no WAV file, or a folder has none
     */
    static List<int[]> read(List<Path> data, SoundForm sound, long seed, List<String> remarks) throws IOException {
        var recordings = new DistillRecordings(sound, remarks);
        for (Path path : data) {
            for (Path file : files(path)) {
                recordings.add(file);
            }
        }
        Collections.shuffle(recordings.segments, new Random(seed));
        return recordings.segments;
    }

    private static List<Path> files(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> all = Files.walk(path)) {
            List<Path> files = all.filter(file -> file.getFileName()
                            .toString()
                            .toLowerCase(Locale.ROOT)
                            .endsWith(".wav"))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new BadFileException(path.toString(), "has no .wav files");
            }
            return files;
        }
    }

    private void add(Path file) throws IOException {
        try (WavReader wav = WavReader.open(file)) {
            var cut = new SpeechSegments(Resampler.to16kHz(wav));
            for (Optional<SpeechSegment> next = cut.next(); next.isPresent(); next = cut.next()) {
                float[] values = next.get().samples();
                if (values.length >= sound.leastSamples()) {
                    var bits = new int[values.length];
                    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
                    segments.add(bits);
                    samples += bits.length;
                }
                if (samples > MOST_SAMPLES) {
                    throw new BadFileException(
                            file.toString(),
                            "with those before it has more than 6 hours of speech, which memory has to hold; give fewer recordings");
                }
            }
            wav.cutShort().ifPresent(remarks::add);
        }
    }
}
