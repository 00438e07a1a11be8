package io.tokenwise.cli;

import io.tokenwise.api.BadFileException;
import io.tokenwise.audio.Resampler;
import io.tokenwise.audio.SpeechSegment;
import io.tokenwise.audio.SpeechSegments;
import io.tokenwise.audio.WavReader;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.cli.SpokenFiles.Spoken;
import io.tokenwise.train.CtcTrainingConfig;
import io.tokenwise.train.CtcTrainingRun;
import io.tokenwise.train.LabelledRecording;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "ctc",
        header = "Train a small wav2vec 2.0 on recordings and what is said in them.",
        description = {
            "FILE.csv holds lines of audio,transcript, as eval asr reads them: WAV files by a path from the CSV's folder, of 30 seconds of speech at most.",
            "It learns letters: transcripts without capitals and punctuation, numbers in English words. Each time a recording is heard its speed is another and a part of it is silent. A tenth of them, 200 at most, is not trained on and shows on the way how many come out without a mistake."
                    + " It can be stopped at any time; the same command goes on from there."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise train ctc --data digits.csv --out my-ctc",
            "  ./tokenwise eval asr others.csv --model my-ctc",
            "  ./tokenwise distill --model my-ctc --data recordings --adapt mlp --out my-ctc-acm"
        })
final class TrainCtc implements Callable<Integer> {
    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.NONE);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--data",
            paramLabel = "FILE.csv",
            required = true,
            description = "Recordings and what is said in them.")
    private Path data;

    @Mixin
    private NewModelOptions model = new NewModelOptions(4, CtcTrainingConfig.USUAL_EPOCHS);

    @Override
    public Integer call() throws IOException, InterruptedException {
        model.check();
        CtcTrainingConfig config = config();
        List<LabelledRecording> recordings = recordings();
        var run = new CtcTrainingRun(
                recordings,
                config,
                model.out(),
                NewModelOptions.STEPS_PER_CHECKPOINT,
                model.store().type());
        double right;
        int leftOut;
        try (Backend backend = Backends.open(options.training(), options.threads());
                var shown =
                        new TrainingProgress(spec.commandLine().getErr(), "train", run.checkpoint(), "recordings")) {
            right = run.run(backend, shown);
            leftOut = shown.leftOut();
        }
        PrintWriter stdout = spec.commandLine().getOut();
        if (options.json()) {
            stdout.println(
                    Json.line(new Json.TrainedSpeech(model.out().toString(), recordings.size(), leftOut, right)));
        } else {
            stdout.println(String.format(
                    Locale.ROOT,
                    "The model is in %s: of %.1f %% of the recordings that it was not trained on it writes the very text",
                    model.out(),
                    100 * right));
            stdout.println("Next: ./tokenwise eval asr FILE.csv --model " + model.out()
                    + ", where FILE.csv has recordings that it was not trained on");
        }
        return ExitCode.OK;
    }

    private CtcTrainingConfig config() {
        try {
            return CtcTrainingConfig.of(model.hidden(), model.layers(), model.heads(), model.epochs(), options.seed());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private List<LabelledRecording> recordings() throws IOException {
        var recordings = new ArrayList<LabelledRecording>();
        long samples = 0;
        for (Spoken file : SpokenFiles.read(data).files()) {
            String text = String.join(" ", SpokenWords.of(file.transcript()));
            var recording = new LabelledRecording(file.audio().toString(), speech(file.audio()), text);
            samples += recording.samples().length;
            if (samples > DistillRecordings.MOST_SAMPLES) {
                throw new BadFileException(
                        recording.name(),
                        "with those before it has more than 6 hours of speech, which memory has to hold; give fewer recordings");
            }
            recordings.add(recording);
        }
        return recordings;
    }

    /** Without the silence before and after it, as a recogniser hears it. */
    private float[] speech(Path file) throws IOException {
        try (WavReader wav = WavReader.open(file)) {
            var cut = new SpeechSegments(Resampler.to16kHz(wav));
            Optional<SpeechSegment> first = cut.next();
            if (first.isEmpty()) {
                throw new BadFileException(file.toString(), "is silent: nothing can be learnt from it");
            }
            if (cut.next().isPresent()) {
                throw new BadFileException(
                        file.toString(),
                        "has a pause or more than 30 seconds of speech, and would be heard in parts: cut it, and its transcript");
            }
            wav.cutShort().ifPresent(spec.commandLine().getErr()::println);
            return first.get().samples();
        }
    }
}
