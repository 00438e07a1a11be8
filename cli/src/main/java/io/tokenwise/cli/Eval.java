package io.tokenwise.cli;

import io.tokenwise.cli.ClassificationEvaluation.Fit;
import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.search.BeirFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "eval",
        header = "Measure quality and cost at each budget.",
        synopsisSubcommandLabel = "TASK",
        description = {
            "Runs a labelled task at each budget and prints quality, FLOPs and time side by side.",
            "For each budget: soft, as the gates decide; hard, as they decide but no text over its budget; static, every token gets the"
                    + " same at equal FLOPs; random, the gates' numbers dealt to random tokens. The dense model comes first; a dense model has one row."
        },
        subcommands = {
            Eval.Sts.class,
            Eval.Retrieval.class,
            Eval.Classify.class,
            Eval.Vit.class,
            EvalMlm.class,
            EvalAsr.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise eval sts sts-dev.csv --model my-model",
            "  ./tokenwise eval retrieval scifact --model my-model",
            "  ./tokenwise eval classify train.csv test.csv --model my-model",
            "  ./tokenwise eval mlm texts.txt --model bert-base",
            "  ./tokenwise eval vit cifar10.tar --model my-vit",
            "  ./tokenwise eval asr prompts.csv --model moonshine-tiny"
        })
final class Eval implements Runnable {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no task given");
    }

    @Command(
            name = "sts",
            header = "Semantic textual similarity: Spearman's rank correlation with human scores.",
            description =
                    "FILE.csv holds lines of sentence1,sentence2,score, UTF-8, quoted as CSV is, without a header.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval sts sts-dev.csv --model my-model",
                "  ./tokenwise eval sts sts-dev.csv --model my-model --budget 0.25,0.5 --json"
            })
    static final class Sts extends EvalCommand {
        @Mixin
        private TextLength length;

        @Parameters(paramLabel = "FILE.csv", description = "Pairs of sentences with a score.")
        private Path file;

        Sts() {
            super(WantedModel.TEXT_ENCODER);
        }

        @Override
        EvalTask read(CommonOptions common) throws IOException {
            return StsEvaluation.read(file, length.maxTokens());
        }
    }

    @Command(
            name = "retrieval",
            header = "Search: nDCG@10 and recall@100 of exact search by cosine.",
            description = {
                "DIR is laid out as BEIR's data sets are: corpus.jsonl with _id, title and text, queries.jsonl with _id and text,"
                        + " qrels/SPLIT.tsv with the header query-id, corpus-id, score.",
                "A document is its title and text with a space between. The corpus is read block by block: memory holds its ids, but"
                        + " neither its texts nor its vectors."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval retrieval scifact --model my-model",
                "  ./tokenwise eval retrieval fiqa --model my-model --budget 0.5 --seeds 3 --split dev"
            })
    static final class Retrieval extends EvalCommand {
        @Mixin
        private TextLength length;

        @Parameters(paramLabel = "DIR", description = "A folder with corpus.jsonl, queries.jsonl and qrels.")
        private Path folder;

        @Option(
                names = "--split",
                paramLabel = "SPLIT",
                defaultValue = "test",
                description = "Which file of qrels says what is relevant (default: ${DEFAULT-VALUE}).")
        private String split;

        @Option(
                names = "--full-queries",
                description =
                        "Give queries the full budget, so that budgets are for documents alone, of which there are many: queries are short, and lose most by a budget.")
        private boolean fullQueries;

        Retrieval() {
            super(WantedModel.TEXT_ENCODER);
        }

        @Override
        EvalTask read(CommonOptions common) throws IOException {
            return new RetrievalEvaluation(BeirFolder.open(folder, split), length.maxTokens(), fullQueries);
        }
    }

    @Command(
            name = "classify",
            header = "Classes: accuracy and macro-F1 of a linear classifier on the vectors.",
            description = {
                "TRAIN and TEST are files of texts with a class each: .csv or .tsv (plain tabs, no quotes) with a header, or .jsonl.",
                "The classifier is multinomial logistic regression. It is trained once, on the dense model's vectors, and used at every"
                        + " budget, as in a service that turns the budget later; --fit own trains one for each row.",
                "--wordnet writes WordNet's definitions and their 45 lexicographer classes to DIR/wordnet-train.csv and"
                        + " DIR/wordnet-test.csv, drawn by --seed, every tenth for the test, and uses these."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval classify train.csv test.csv --model my-model",
                "  ./tokenwise eval classify reviews.jsonl held-out.jsonl --text body --label stars --fit own",
                "  ./tokenwise eval classify --wordnet wordnet --model my-model --budget 0.5"
            })
    static final class Classify extends EvalCommand {
        @Mixin
        private TextLength length;

        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", arity = "0..1", paramLabel = "TRAIN", description = "What the classifier learns.")
        private Path training;

        @Parameters(index = "1", arity = "0..1", paramLabel = "TEST", description = "What it is judged by.")
        private Path test;

        @Option(
                names = "--wordnet",
                paramLabel = "DIR",
                description = "Make TRAIN and TEST from WordNet, in this folder.")
        private Path wordNet;

        @Option(
                names = "--text",
                paramLabel = "NAME",
                defaultValue = "text",
                description = "Column or field that holds the text (default: ${DEFAULT-VALUE}).")
        private String textField;

        @Option(
                names = "--label",
                paramLabel = "NAME",
                defaultValue = "label",
                description = "Column or field that holds the class (default: ${DEFAULT-VALUE}).")
        private String labelField;

        @Option(
                names = "--fit",
                paramLabel = "dense|own",
                defaultValue = "dense",
                converter = FitConverter.class,
                description = "Whose vectors the classifier is trained on (default: ${DEFAULT-VALUE}).")
        private Fit fit;

        /** Reads whose vectors a classifier is trained on. */
        static final class FitConverter implements ITypeConverter<Fit> {
            @Override
            public Fit convert(String text) {
                return CommonOptions.constant(Fit.values(), Fit::label, text, "dense or own");
            }
        }

        Classify() {
            super(WantedModel.TEXT_ENCODER);
        }

        @Override
        EvalTask read(CommonOptions common) throws IOException {
            if ((wordNet == null) != (training != null && test != null) || (wordNet != null && training != null)) {
                throw new ParameterException(spec.commandLine(), "give TRAIN and TEST, or --wordnet");
            }
            if (wordNet != null) {
                refuseFields();
                WordNetFiles files = WordNetFiles.write(wordNet, common.seed());
                return task(files.training(), files.test(), "text", "label", common);
            }
            return task(training, test, textField, labelField, common);
        }

        private void refuseFields() {
            for (String option : List.of("--text", "--label")) {
                if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
                    throw new ParameterException(
                            spec.commandLine(), option + " is for TRAIN and TEST: --wordnet writes files of its own");
                }
            }
        }

        private EvalTask task(Path training, Path test, String textField, String labelField, CommonOptions common)
                throws IOException {
            return new ClassificationEvaluation(
                    LabelledTexts.read(training, textField, labelField),
                    LabelledTexts.read(test, textField, labelField),
                    fit,
                    length.maxTokens(),
                    common.threads());
        }
    }

    @Command(
            name = "vit",
            header = "Classes of images: accuracy of an image classifier.",
            description = {
                "DATA is a folder with a folder of JPEG or PNG images for each class, a .tar or .tar.gz of one, or a folder with MNIST's files.",
                "Images are resized and cut as the model's preprocessor_config.json says.",
                "Without a folder test, and without --split, all images are counted, also those that the model was trained on."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise eval vit cifar10.tar --model my-vit",
                "  ./tokenwise eval vit photos --split validation --model my-vit --budget 0.25,0.5 --seeds 3"
            })
    static final class Vit extends EvalCommand {
        /** The part of a data set that nobody trains on. */
        static final String TEST = "test";

        @Parameters(paramLabel = "DATA", description = "Images with classes.")
        private Path data;

        @Mixin
        private SplitOption split;

        @Mixin
        private ClassesOption classes;

        @Spec
        private CommandSpec spec;

        Vit() {
            super(WantedModel.IMAGE_CLASSIFIER);
        }

        @Override
        EvalTask read(CommonOptions common) throws IOException, InterruptedException {
            ImageEvaluation task =
                    ImageEvaluation.read(data, split.orUsual(TEST), common.model(CommonOptions.IMAGE_MODEL), classes);
            if (!split.given() && !LabelledImageReader.has(data, TEST)) {
                spec.commandLine()
                        .getErr()
                        .println(data
                                + " has no folder test: all its images are counted, also those that a model was trained"
                                + " on if it was trained on " + data);
            }
            return task;
        }
    }
}
