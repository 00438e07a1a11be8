package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.api.Budget;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.Sound;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.backend.Backend;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.nn.Pass;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Speech recognition beside ONNX Runtime, with the same weights and on the same segments of recordings, one thread: seconds of work for a second of
 * sound, encoder and decoder apart.
 *
 * @param recordings folder of WAV files
 * @param onnx folder of a Moonshine in ONNX files
 * @param adaptive the same made adaptive, if it takes part
 * @param budgets of the adaptive model
 */
record SpeechBench(Path recordings, Path onnx, Optional<Path> adaptive, List<Double> budgets, OwnEngine engine) {
    private static final int ROUNDS = 9;
    private static final long WORKSPACE_LIMIT_BYTES = 1L << 30;

    /** A turn is one time through all segments. */
    private static final Interleaved TIMES = new Interleaved(ROUNDS, 1_000_000_000L, 1);

    void run(PrintWriter out) throws IOException, OrtException {
        if (!Files.isDirectory(recordings)) {
            throw new IllegalArgumentException(recordings + ": is no folder; give one with WAV files");
        }
        List<float[]> segments = segments();
        try (Backend backend = engine.open(1);
                var workspace = backend.workspace(WORKSPACE_LIMIT_BYTES);
                Encoder dense = load(onnx, backend);
                Encoder student = adaptive.isPresent() ? load(adaptive.get(), backend) : null;
                var int8 = new OrtMoonshine(onnx, false, 1);
                var float32 = new OrtMoonshine(onnx, true, 1)) {
            var pass = new Pass(backend.stream(), workspace);
            var contenders = new ArrayList<SpeechContender>(
                    List.of(int8, float32, new OwnSpeech("dense " + engine.label(), dense, pass, Budget.FULL)));
            if (student != null) {
                if (student.acms().isEmpty()) {
                    throw new IllegalArgumentException(
                            adaptive.get() + ": is not adaptive; name a model that distill has made of one for speech");
                }
                for (double budget : budgets) {
                    contenders.add(new OwnSpeech("adaptive at " + budget, student, pass, Budget.flops(budget)));
                }
            }
            print(contenders, segments, out);
        }
    }

    private static Encoder load(Path folder, Backend backend) throws IOException {
        try (ModelFiles files = Models.open(folder)) {
            files.speech();
            return Encoder.load(files, backend);
        }
    }

    private List<float[]> segments() throws IOException {
        var segments = new ArrayList<float[]>();
        for (Path wav : wavs()) {
            try (WavReader reader = WavReader.open(wav)) {
                var cut = new SpeechSegments(Resampler.to16kHz(reader));
                for (Optional<SpeechSegment> next = cut.next(); next.isPresent(); next = cut.next()) {
                    segments.add(next.get().samples());
                }
            }
        }
        if (segments.isEmpty()) {
            throw new IllegalArgumentException(recordings + ": has no WAV file in which something is said");
        }
        return segments;
    }

    private List<Path> wavs() throws IOException {
        try (Stream<Path> files = Files.walk(recordings)) {
            return files.filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".wav"))
                    .sorted()
                    .toList();
        }
    }

    private void print(List<SpeechContender> contenders, List<float[]> segments, PrintWriter out) {
        var work = new ArrayList<Runnable>();
        for (SpeechContender contender : contenders) {
            work.add(() -> segments.forEach(contender::encode));
            work.add(() -> segments.forEach(contender::write));
        }
        double[] seconds = TIMES.medians(work);
        double sound = segments.stream().mapToDouble(samples -> samples.length).sum() / Sound.SPEECH_HZ;
        out.printf(
                "%s, %d segments, %.0f s of sound, one thread, medians of %d%n",
                onnx.getFileName(), segments.size(), sound, ROUNDS);
        out.printf(
                "%-24s %7s %14s %14s %9s %9s %7s%n",
                "", "tokens", "encoder ms/s", "decoder ms/s", "ms/token", "of sound", "x int8");
        for (int i = 0; i < contenders.size(); i++) {
            int tokens = segments.stream().mapToInt(contenders.get(i)::write).sum();
            double encoding = seconds[2 * i];
            double whole = seconds[2 * i + 1];
            double decoding = whole - encoding;
            out.printf(
                    "%-24s %7d %14.2f %14.2f %9.2f %9.4f %7.2f%n",
                    contenders.get(i).name(),
                    tokens,
                    1e3 * encoding / sound,
                    1e3 * decoding / sound,
                    1e3 * decoding / tokens,
                    whole / sound,
                    seconds[1] / whole);
        }
    }
}
