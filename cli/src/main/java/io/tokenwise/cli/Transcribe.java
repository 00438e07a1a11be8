package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.audio.WavReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "transcribe",
        header = "Turn English speech into text.",
        description = {
            "Reads WAV files of any length and prints a line for each segment of speech, as soon as it is transcribed: where it begins and ends, in"
                    + " seconds, and its text. Segments end in pauses, after 30 seconds at the latest.",
            "With --json a line is an object with file, startSeconds, endSeconds and text."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fetch moonshine-tiny && ./tokenwise transcribe talk.wav",
            "  ./tokenwise transcribe --model moonshine-base --json *.wav > texts.jsonl",
            "  ./tokenwise transcribe --model my-moonshine --budget 0.5 talk.wav"
        })
final class Transcribe implements Callable<Integer> {
    /** The smaller one: it is the one to try first. */
    static final String DEFAULT_MODEL = "moonshine-tiny";

    @Mixin
    private CommonOptions options;

    @Mixin
    private BudgetOptions budget;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE.wav", arity = "1..*", description = "Recordings, one or two channels.")
    private List<Path> files;

    @Override
    public Integer call() throws IOException {
        String model = options.model(DEFAULT_MODEL);
        try (SpeechRecognizer recognizer = options.openRecognizer(model)) {
            budget.remark(model, recognizer.model().acms(), spec.commandLine().getErr());
            for (Path file : files) {
                transcribe(recognizer, file);
            }
        }
        return ExitCode.OK;
    }

    private void transcribe(SpeechRecognizer recognizer, Path file) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (WavReader sound = WavReader.open(file)) {
            if (!options.json() && files.size() > 1) {
                out.println(file);
            }
            recognizer.transcribe(sound, budget.asked(options.seed()), null, segment -> print(out, file, segment));
            if (sound.cutShort()) {
                spec.commandLine()
                        .getErr()
                        .println(file + ": ends before its header says; what is there was transcribed");
            }
        }
    }

    private void print(PrintWriter out, Path file, TimedText segment) {
        out.println(
                options.json()
                        ? Json.line(new Json.Transcribed(
                                file.toString(), segment.startSeconds(), segment.endSeconds(), segment.text()))
                        : String.format(
                                Locale.ROOT,
                                "%8.2f %8.2f  %s",
                                segment.startSeconds(),
                                segment.endSeconds(),
                                segment.text()));
        if (out.checkError()) {
            throw new UncheckedIOException(new IOException("the text cannot be written to stdout"));
        }
        if (Thread.interrupted()) {
            throw new CancellationException();
        }
    }
}
