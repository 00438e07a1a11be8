package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.api.BadFileException;
import io.tokenwise.cli.SpokenFiles.Spoken;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "asr",
        header = "Speech recognition: word and character error rates.",
        description = {
            "FILE.csv holds lines of audio,transcript, UTF-8, quoted as CSV is, with or without this header; also .tsv and .jsonl. Audio files are WAV, by"
                    + " a path from the CSV's folder.",
            "Words are compared as they are spoken: without capitals and punctuation, numbers in words; characters are those of these words, with one space between two.",
            "For each budget of an adaptive model: soft, as the gates decide; hard, as they decide but neither a segment's frames nor its text over the budget; static,"
                    + " every frame and token gets the same; random, the gates' numbers dealt to random frames, and to tokens, which come one by one, at random."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise eval asr prompts.csv",
            "  ./tokenwise eval asr prompts.csv --model moonshine-base --json",
            "  ./tokenwise eval asr prompts.csv --model my-moonshine --flops 0.5,0.75 --seeds 3"
        })
final class EvalAsr implements Callable<Integer> {
    /** Recordings that are transcribed before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 8;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.SPEECH_RECOGNISER);

    @Mixin
    private EvalOptions eval;

    @Mixin
    private BeamOption beam;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE.csv", description = "Recordings and what is said in them.")
    private Path table;

    @Override
    public Integer call() throws IOException, InterruptedException {
        eval.check();
        List<Spoken> files = SpokenFiles.read(table).files();
        String model = options.model(Transcribe.DEFAULT_MODEL);
        try (SpeechRecognizer recognizer = options.openRecognizer(model);
                SpeechRecognizer dense = openTeacher(recognizer)) {
            List<SpeechRun> runs = runs(dense == null ? recognizer : dense, recognizer);
            run(runs, files);
            if (runs.getFirst().soundSeconds() == 0) {
                throw new BadFileException(table.toString(), "has recordings of silence only");
            }
            print(new Json.Eval(
                    "asr",
                    String.format(
                            Locale.ROOT,
                            "%d recordings with %d words in %.0f seconds of speech",
                            files.size(),
                            runs.getFirst().words().words(),
                            runs.getFirst().soundSeconds()),
                    model,
                    recognizer.model().backend().kind().label(),
                    recognizer.model().backend().precision().label(),
                    options.threads(),
                    EvalRows.of(runs, SpeechRun::metrics)));
        }
        return ExitCode.OK;
    }

    /** What {@code --teacher} names, else the dense model that the adaptive one's own files hold; null of a dense one. */
    private SpeechRecognizer openTeacher(SpeechRecognizer recognizer) throws IOException {
        if (!recognizer.isAdaptive()) {
            EvalModels.refuseTeacher(recognizer.name(), options, eval);
            return null;
        }
        return eval.teacher() == null
                ? options.openRecognizer(Models.open(recognizer.name()).dense())
                : options.openRecognizer(eval.teacher());
    }

    /** The dense model first. */
    private List<SpeechRun> runs(SpeechRecognizer dense, SpeechRecognizer model) {
        var runs = new ArrayList<SpeechRun>();
        runs.add(new SpeechRun(EvalWay.dense(options.seed()), dense, beam.width(dense)));
        EvalWay.of(model.model().encoder().acms(), eval, options.seed())
                .forEach(way -> runs.add(new SpeechRun(way, model, beam.width(model))));
        return runs;
    }

    private void run(List<SpeechRun> runs, List<Spoken> files) throws IOException, InterruptedException {
        for (Spoken file : files.subList(0, Math.min(WARM_UP, files.size()))) {
            for (SpeechRun run : runs) {
                run.warmUp(file);
            }
        }
        long all = (long) files.size() * runs.size();
        // Every run reads every file, which is told once, when progress no longer draws.
        var remarks = new LinkedHashSet<String>();
        try (var progress = new Progress(spec.commandLine().getErr(), "eval asr", "recordings", all)) {
            for (int i = 0; i < files.size(); i++) {
                // They take turns, so that whatever else the machine does meets them alike.
                for (SpeechRun run : runs) {
                    run.hear(files.get(i)).ifPresent(remarks::add);
                    if (Thread.interrupted()) {
                        throw new InterruptedException();
                    }
                }
                progress.update(
                        (i + 1L) * runs.size(),
                        String.format(
                                Locale.ROOT,
                                "word error rate %.3f",
                                runs.getFirst().words().rate()));
            }
        }
        remarks.forEach(spec.commandLine().getErr()::println);
    }

    private void print(Json.Eval result) {
        var out = spec.commandLine().getOut();
        if (options.json()) {
            out.println(Json.line(result));
            return;
        }
        out.println(result.data());
        List<Column<Json.EvalRow>> columns = new ArrayList<>(List.of(
                new Column<>("mode", Json.EvalRow::mode),
                new Column<>("word error rate", row -> Column.fixed(100 * row.value(), 2) + " %"),
                new Column<>(
                        "of characters", row -> Column.fixed(100 * row.metrics().get(Metric.CER.label()), 2) + " %"),
                new Column<>("MFLOPs/frame", row -> Column.fixed(row.flopsPerToken() / 1e6, 2)),
                new Column<>("ms/recording", row -> Column.fixed(row.millisPerInput(), 1)),
                new Column<>(
                        "real-time factor",
                        row -> Column.fixed(row.metrics().get(Metric.REAL_TIME_FACTOR.label()), 4))));
        if (result.rows().size() > 1) {
            columns.add(1, new Column<>("budget", row -> Column.fixed(row.budget(), 2)));
            columns.add(2, new Column<>("spent", row -> Column.fixed(row.spent(), 3)));
        }
        if (result.rows().stream().anyMatch(row -> row.deviation() != null)) {
            columns.add(4, new Column<>("+-", EvalRows::deviationOverSeeds));
        }
        out.print(TextTable.of(result.rows(), columns));
    }
}
