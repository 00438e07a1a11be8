package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.finetune.FineTuneConfig;
import io.tokenwise.finetune.FineTuneRun;
import io.tokenwise.finetune.Labels;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.StsPairs;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(
        name = "finetune",
        header = "Train a dense model on labels.",
        description = {
            "Trains the layers of --model, which must be dense, so that its vectors tell classes of texts apart, or"
                    + " find those pairs of texts alike that people did. Word embeddings stay as they are.",
            "A tenth of the different texts or pairs, 1,000 at most, is not trained on and says what was learnt. To"
                    + " have the result adaptive, distil it then.",
            "It can be stopped at any time; the same command goes on from there."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise finetune --classes reviews.jsonl --text body --label stars --out my-dense",
            "  ./tokenwise finetune --pairs sts-train.csv --model bge-small --epochs 1 --out my-dense",
            "  ./tokenwise distill --model my-dense --data reviews.jsonl --field body --out my-model",
            "  ./tokenwise eval classify reviews.jsonl held-out.jsonl --text body --label stars --model my-model"
        })
final class Finetune implements Callable<Integer> {
    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.DENSE_TEXT_ENCODER);

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Source source;

    /** Where labels come from: one of two. */
    static final class Source {
        @Option(
                names = "--classes",
                paramLabel = "FILE",
                description =
                        "Texts with a class each: .csv or .tsv (plain tabs, no quotes) with a header, or .jsonl; each"
                                + " may be .gz.")
        private Path classes;

        @Option(
                names = "--pairs",
                paramLabel = "FILE.csv",
                description = "Pairs of texts with a score, higher for more alike: lines of sentence1,sentence2,score"
                        + " without a header.")
        private Path pairs;
    }

    @Option(
            names = "--text",
            paramLabel = "NAME",
            defaultValue = "text",
            description = "Column or field of --classes that holds the text (default: ${DEFAULT-VALUE}).")
    private String textField;

    @Option(
            names = "--label",
            paramLabel = "NAME",
            defaultValue = "label",
            description = "Column or field of --classes that holds the class (default: ${DEFAULT-VALUE}).")
    private String labelField;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "" + FineTuneConfig.USUAL_EPOCHS,
            converter = CommonOptions.CountConverter.class,
            description = "How often each label is seen (default: ${DEFAULT-VALUE}).")
    private int epochs;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            defaultValue = "" + FineTuneConfig.USUAL_RATE,
            converter = RateConverter.class,
            description = "Peak learning rate of the layers (default: ${DEFAULT-VALUE}).")
    private double rate;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Folder for the trained model; new, or that of a fine-tuning that was stopped.")
    private Path out;

    /** Reads a learning rate. */
    static final class RateConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            try {
                double rate = Double.parseDouble(text);
                if (rate > 0 && rate < 1) {
                    return rate;
                }
            } catch (NumberFormatException e) {
                // Reported below, with the numbers that are no rates.
            }
            throw new TypeConversionException("'" + text + "' is not a number above 0 and below 1");
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (source.pairs != null
                && Stream.of("--text", "--label").anyMatch(spec.commandLine().getParseResult()::hasMatchedOption)) {
            throw new ParameterException(
                    spec.commandLine(), "--text and --label are for --classes; pairs have no header");
        }
        double right;
        Labels labels;
        try (ModelFiles files = Models.open(options.teacher());
                Backend backend = Backends.open(options.training(), options.threads())) {
            files.text();
            labels = read(files.tokenizer());
            var run = new FineTuneRun(
                    files,
                    labels,
                    FineTuneConfig.of(epochs, rate, options.seed()),
                    out,
                    NewModelOptions.STEPS_PER_CHECKPOINT);
            String inputs = labels instanceof Labels.Classes ? "texts" : "orders of pairs";
            try (var shown = new TrainingProgress(spec.commandLine().getErr(), "finetune", run.checkpoint(), inputs)) {
                right = run.run(backend, shown);
            }
        }
        report(labels, right);
        return ExitCode.OK;
    }

    private Labels read(Tokenizer tokenizer) throws IOException {
        if (source.classes != null) {
            LabelledTexts texts = LabelledTexts.read(source.classes, textField, labelField);
            return Labels.Classes.of(ids(tokenizer, texts.texts().stream()), texts.labels());
        }
        List<StsPairs.Pair> pairs = StsPairs.read(source.pairs);
        List<int[]> both = ids(
                tokenizer,
                Stream.concat(
                        pairs.stream().map(StsPairs.Pair::first), pairs.stream().map(StsPairs.Pair::second)));
        return new Labels.Pairs(
                both.subList(0, pairs.size()),
                both.subList(pairs.size(), both.size()),
                pairs.stream().mapToDouble(StsPairs.Pair::score).toArray());
    }

    /** The texts' tokens; tells how many texts were too long. */
    private List<int[]> ids(Tokenizer tokenizer, Stream<String> texts) {
        List<Tokenizer.Encoded> encoded = texts.map(tokenizer::encode).toList();
        long cut = encoded.stream().filter(Tokenizer.Encoded::truncated).count();
        if (cut > 0) {
            spec.commandLine().getErr().println(CommonOptions.cut(tokenizer.maxTokens(), cut));
        }
        return encoded.stream().map(Tokenizer.Encoded::ids).toList();
    }

    private void report(Labels labels, double right) {
        var stdout = spec.commandLine().getOut();
        if (options.json()) {
            stdout.println(Json.line(new Json.Finetuned(
                    options.teacher(), out.toString(), labels.size(), Double.isNaN(right) ? null : right)));
            return;
        }
        String what =
                labels instanceof Labels.Classes ? "texts have the right class" : "pairs of pairs have the right order";
        String share = Double.isNaN(right)
                ? "what was held out is too little to measure on"
                : String.format(Locale.ROOT, "of what was held out, %.1f %% of %s", 100 * right, what);
        stdout.println("The fine-tuned model is in " + out + ": " + share);
        stdout.println("Next: ./tokenwise distill --model " + out + " --data TEXTS --out DIR");
    }
}
