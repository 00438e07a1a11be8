package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.cli.SpokenFiles.Spoken;
import io.tokenwise.io.MoonshineArchitecture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "asr",
        header = "Speech recognition: word error rate.",
        description = {
            "FILE.csv holds lines of audio,transcript, UTF-8, quoted as CSV is, with or without this header; also .tsv and .jsonl. Audio files are WAV, by"
                    + " a path from the CSV's folder.",
            "Words are compared as they are spoken: without capitals and punctuation, numbers in words."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise eval asr prompts.csv",
            "  ./tokenwise eval asr prompts.csv --model moonshine-base --json"
        })
final class EvalAsr implements Callable<Integer> {
    /** Recordings that are transcribed before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 8;

    @Mixin
    private CommonOptions options;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE.csv", description = "Recordings and what is said in them.")
    private Path table;

    private WordErrorRate words = WordErrorRate.NONE;
    private double soundSeconds;
    private double seconds;
    private long frames;
    private double flops;

    @Override
    public Integer call() throws IOException, InterruptedException {
        List<Spoken> files = SpokenFiles.read(table).files();
        String model = options.model(Transcribe.DEFAULT_MODEL);
        try (SpeechRecognizer recognizer = options.openRecognizer(model)) {
            run(recognizer, files);
            print(new Json.Eval(
                    "asr",
                    String.format(
                            Locale.ROOT,
                            "%d recordings with %d words in %.0f seconds of speech",
                            files.size(),
                            words.words(),
                            soundSeconds),
                    model,
                    recognizer.backend().kind().label(),
                    recognizer.backend().precision().label(),
                    options.threads(),
                    List.of(row(files.size()))));
        }
        return ExitCode.OK;
    }

    private void run(SpeechRecognizer recognizer, List<Spoken> files) throws IOException, InterruptedException {
        for (Spoken file : files.subList(0, Math.min(WARM_UP, files.size()))) {
            recognizer.transcribe(file.audio());
        }
        try (var progress = new Progress(spec.commandLine().getErr(), "eval asr", "recordings", files.size())) {
            for (int i = 0; i < files.size(); i++) {
                long start = System.nanoTime();
                List<TimedText> heard = recognizer.transcribe(files.get(i).audio());
                seconds += (System.nanoTime() - start) / 1e9;
                add(recognizer, files.get(i), heard);
                progress.update(i + 1, String.format(Locale.ROOT, "word error rate %.3f", words.rate()));
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }
    }

    private void add(SpeechRecognizer recognizer, Spoken file, List<TimedText> heard) {
        String transcript = heard.stream().map(TimedText::text).collect(Collectors.joining(" "));
        words = words.plus(WordErrorRate.of(file.transcript(), transcript));
        for (TimedText segment : heard) {
            double duration = segment.endSeconds() - segment.startSeconds();
            int count = MoonshineArchitecture.frames((int) Math.round(duration * 16_000));
            soundSeconds += duration;
            if (count > 0) {
                frames += count;
                flops += count * recognizer.model().flopsPerToken(count, 1)
                        + recognizer.model().decoder().flops(count, segment.tokens() + 1);
            }
        }
    }

    private Json.EvalRow row(int files) {
        Map<String, Double> metrics =
                Map.of(Metric.WER.label(), words.rate(), Metric.REAL_TIME_FACTOR.label(), seconds / soundSeconds);
        return new Json.EvalRow(
                1,
                Row.Mode.DENSE.inJson(),
                Metric.WER.label(),
                words.rate(),
                1,
                null,
                1,
                flops / frames,
                1e3 * seconds / files,
                metrics,
                Map.of(Metric.WER.label(), 1.0, Metric.REAL_TIME_FACTOR.label(), 1.0),
                1,
                null,
                seconds);
    }

    private void print(Json.Eval result) {
        var out = spec.commandLine().getOut();
        if (options.json()) {
            out.println(Json.line(result));
        } else {
            out.println(result.data());
            out.print(TextTable.of(
                    result.rows(),
                    List.of(
                            new Column<>("mode", Json.EvalRow::mode),
                            new Column<>("word error rate", row -> Column.fixed(100 * row.value(), 2) + " %"),
                            new Column<>("MFLOPs/frame", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                            new Column<>("ms/recording", row -> Column.fixed(row.millisPerInput(), 1)),
                            new Column<>(
                                    "real-time factor",
                                    row -> Column.fixed(row.metrics().get(Metric.REAL_TIME_FACTOR.label()), 4)))));
        }
    }
}
