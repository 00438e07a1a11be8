package io.tokenwise.cli;

import io.tokenwise.SpeechRecognizer;
import io.tokenwise.TimedText;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.model.SoundForm;
import io.tokenwise.session.Transcription;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "transcribe",
        header = "Turn speech into text.",
        description = {
            "Reads WAV files of any length and prints a line for each segment of speech, as soon as it is transcribed:"
                    + " where it begins and ends, in seconds, and its text. Segments end in pauses, after 30 seconds at"
                    + " the latest.",
            "Moonshine hears English; --model may also be a folder with a wav2vec 2.0 or XLS-R that was trained with"
                    + " CTC, of any language.",
            "A file that is no such recording, or cannot be read, is told, the others are transcribed, and the exit"
                    + " code is 1.",
            "With --json a line is an object with file, startSeconds, endSeconds and text."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise fetch moonshine-tiny && ./tokenwise transcribe talk.wav",
            "  ./tokenwise transcribe --model moonshine-base --json *.wav > texts.jsonl",
            "  ./tokenwise transcribe --model my-moonshine --flops 0.5 --picture talk.png talk.wav"
        })
final class Transcribe implements Callable<Integer> {
    /** The smaller one: it is the one to try first. */
    static final String DEFAULT_MODEL = "moonshine-tiny";

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.SPEECH_RECOGNISER);

    @Mixin
    private BudgetOptions budget;

    @Mixin
    private BeamOption beam;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE.wav", arity = "1..*", description = "Recordings, one or two channels.")
    private List<Path> files;

    @Option(
            names = "--picture",
            paramLabel = "FILE.png",
            description =
                    "Write a picture of the first segment: its words, its spectrogram, and under this the learners"
                            + " that each frame used.")
    private Path picture;

    @Override
    public Integer call() throws IOException {
        Budget share = budget.asked(options.seed());
        String model = options.model(DEFAULT_MODEL);
        try (SpeechRecognizer recognizer = options.openRecognizer(model)) {
            budget.remark(
                    model,
                    recognizer.model().encoder().acms(),
                    spec.commandLine().getErr());
            if (picture != null) {
                checkPicture(model, recognizer);
            }
            beam.width(recognizer);
            var inTurn = new FilesInTurn(spec);
            inTurn.each(files, file -> transcribe(recognizer, share, file));
            return inTurn.exitCode();
        }
    }

    private void checkPicture(String model, SpeechRecognizer recognizer) {
        if (recognizer.model().encoder().acms().isEmpty()) {
            throw new IllegalArgumentException(
                    "--picture shows learners, which " + model + " has not: it is a dense model");
        }
        if (files.size() > 1) {
            throw new IllegalArgumentException("--picture is of one recording; " + files.size() + " are given");
        }
        if (Files.exists(files.getFirst()) && !Files.isRegularFile(files.getFirst())) {
            throw new IllegalArgumentException("--picture reads the recording a second time, which " + files.getFirst()
                    + " does not allow: give a file");
        }
    }

    private void transcribe(SpeechRecognizer recognizer, Budget share, Path file) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        var learners = new FrameLearners(
                picture == null
                        ? List.of()
                        : Acmizer.modules(recognizer.model().encoder().tokenSlots()));
        var heard = new AtomicBoolean();
        try (WavReader sound = WavReader.open(file)) {
            if (!options.json() && files.size() > 1) {
                out.println(file);
            }
            var transcription =
                    new Transcription(recognizer.model(), share, learners, Deadline.NONE, beam.width(recognizer));
            transcription.of(sound, (start, end, text, tokens) -> {
                print(out, file, new TimedText(start, end, text, tokens));
                if (!heard.getAndSet(true) && picture != null) {
                    var spoken = recognizer.model().files().speech().sound();
                    draw(file, text, learners.shares(), spoken);
                }
            });
            sound.cutShort().ifPresent(spec.commandLine().getErr()::println);
            if (!heard.get()) {
                spec.commandLine()
                        .getErr()
                        .println(file + ": is silent: nothing in it is louder than " + SpeechSegments.SILENCE_DB
                                + " dB of full scale" + (picture == null ? "" : ", so there is no picture"));
            }
        }
    }

    private void draw(Path file, String words, double[] shares, SoundForm form) {
        try (WavReader sound = WavReader.open(file)) {
            SpeechSegment first =
                    new SpeechSegments(Resampler.to16kHz(sound)).next().orElseThrow();
            byte[] png = new SpokenPicture(first.samples(), shares, form).png(words);
            AtomicFiles.write(picture, target -> target.write(png));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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
                                segment.text().replaceAll("\\p{Cntrl}", " ")));
        if (out.checkError()) {
            throw new UncheckedIOException(new IOException("the text cannot be written to stdout"));
        }
        if (Thread.interrupted()) {
            throw new CancellationException();
        }
    }
}
