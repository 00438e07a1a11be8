package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.TextClassifier;
import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Budget;
import io.tokenwise.image.ImageReader;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.OpenModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

@Command(
        name = "classify",
        header = "Tell the classes of images or of texts.",
        description = {
            "Prints for each JPEG or PNG file its likeliest class and how likely that is; with a model that gives classes"
                    + " of texts (...ForSequenceClassification) the same for each text. JSON has all classes. Words and"
                    + " names within a text are found by ner.",
            "Without --model it is " + CommonOptions.IMAGE_MODEL
                    + ", for trying out: it knows CIFAR-10's ten classes (airplane, automobile, bird, cat, deer, dog, frog,"
                    + " horse, ship, truck) at 32 x 32 pixels, and takes any image for one of them.",
            "A file that is no such image is told, the others are classified, and the exit code is 1."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise classify cat.jpg dog.png",
            "  ./tokenwise classify --model my-vit --budget 0.5 --picture shaded *.jpg",
            "  ./tokenwise classify --model my-sentiment 'I liked it very much.'",
            "  ./tokenwise classify --model my-sentiment --flops 0.5 --json < texts.txt"
        })
final class Classify implements Callable<Integer> {
    /** Images that are read, and run through the model, together. */
    private static final int BATCH = 32;

    /** While an image is read it takes up to 20 bytes a pixel, and the script gives Java 2 GB. */
    private static final int MOST_PIXELS = 50_000_000;

    @ParentCommand
    private Tokenwise root;

    @Mixin
    private CommonOptions options = new CommonOptions(WantedModel.CLASSIFIER);

    @Mixin
    private BudgetOptions budget;

    @Spec
    private CommandSpec spec;

    /** Null for none. */
    @Parameters(
            paramLabel = "INPUT",
            arity = "0..*",
            description = "JPEG or PNG files; or texts (default: the lines of --file, else of stdin).")
    private List<String> inputs;

    @Option(names = "--file", paramLabel = "FILE", description = "A file with a text in each line, UTF-8, also .gz.")
    private Path file;

    @Option(
            names = "--pairs",
            description = "Each text is two, with a tab between them: such as whether one follows from the other.")
    private boolean pairs;

    @Option(
            names = "--picture",
            paramLabel = "DIR",
            description =
                    "Write a PNG for each image, NAME.learners.png, that shows it beside itself with each patch shaded by the learners it used, dark where it left.")
    private Path pictures;

    /** An image as the model reads it. */
    private record Prepared(Path file, int[] pixels) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        Budget share = budget.asked(options.seed());
        String model = options.model(CommonOptions.IMAGE_MODEL);
        ModelFiles opened = Models.open(model);
        boolean readsTexts = opened.description().reads() == InputKind.TEXT;
        String mistake = readsTexts ? mistakeOfTexts(model) : mistakeOfImages(model);
        if (mistake != null) {
            opened.close();
            throw options.mistake(mistake);
        }
        return readsTexts ? texts(model, opened, share) : images(model, opened, share);
    }

    /** Null if there is none. */
    private String mistakeOfTexts(String model) {
        if (pictures != null) {
            return "--picture is for images, " + model + " reads texts";
        }
        return inputs != null && file != null ? "give texts or --file, not both" : null;
    }

    private String mistakeOfImages(String model) {
        if (file != null || pairs) {
            return (pairs ? "--pairs" : "--file") + " is for texts, " + model + " reads images";
        }
        return inputs == null ? model + " reads images: give JPEG or PNG files" : null;
    }

    /** Closes the model's files. */
    private int texts(String model, ModelFiles opened, Budget share) throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        try (TextClassifier classifier = TextClassifier.open(opened, options.engineOptions())) {
            budget.remark(model, classifier.model().encoder().modules(), err);
            var texts = new ClassifiedTexts(
                    classifier, share, pairs, spec.commandLine().getOut(), options.json());
            long cut = texts.all(
                    inputs,
                    file,
                    root.in(pairs ? "pairs of texts, one a line and a tab between them" : Tokenwise.LINES));
            if (cut > 0) {
                err.println(CommonOptions.cut(classifier.maxTokens(), cut));
            }
        }
        return ExitCode.OK;
    }

    /** Closes the model's files. */
    private int images(String model, ModelFiles opened, Budget share) throws IOException, InterruptedException {
        var inTurn = new FilesInTurn(spec);
        try (ImageClassifier classifier = ImageClassifier.open(opened, options.engineOptions())) {
            List<Path> files = inputs.stream().map(Path::of).toList();
            List<AdaptiveModule> modules = classifier.model().encoder().modules();
            budget.remark(model, modules, spec.commandLine().getErr());
            if (pictures != null) {
                checkPictures(model, modules, files);
                Files.createDirectories(pictures);
            }
            for (int from = 0; from < files.size(); from += BATCH) {
                classify(
                        classifier,
                        share,
                        prepare(classifier, inTurn, files.subList(from, Math.min(files.size(), from + BATCH))));
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }
        return inTurn.exitCode();
    }

    private void checkPictures(String model, List<AdaptiveModule> modules, List<Path> files) {
        if (modules.isEmpty()) {
            throw new IllegalArgumentException(
                    "--picture shows learners, which " + model + " has not: it is a dense model");
        }
        var names = new HashSet<Path>();
        for (Path image : files) {
            if (!names.add(image.getFileName())) {
                throw new IllegalArgumentException("--picture: two files are called " + image.getFileName()
                        + ", and would have the same picture; give them apart");
            }
        }
    }

    /** Those that are images; the others are told. One at a time is held at its full size. */
    private List<Prepared> prepare(ImageClassifier classifier, FilesInTurn inTurn, List<Path> some) throws IOException {
        var reader = new ImageReader(MOST_PIXELS);
        var prepared = new ArrayList<Prepared>();
        inTurn.each(some, image -> prepared.add(prepare(classifier, reader, image)));
        return prepared;
    }

    private static Prepared prepare(ImageClassifier classifier, ImageReader reader, Path file) throws IOException {
        try {
            return new Prepared(file, classifier.prepare(reader.read(file)).rgb());
        } catch (IllegalArgumentException e) {
            // A strip of a thousand times its height cannot be resized.
            throw new BadFileException(file.toString(), e.getMessage(), e);
        }
    }

    private void classify(ImageClassifier classifier, Budget share, List<Prepared> images) throws IOException {
        List<String> labels = classifier.labels();
        float[][] logits = classifier
                .model()
                .encode(images.stream().map(Prepared::pixels).toList(), Collections.nCopies(images.size(), share));
        PrintWriter out = spec.commandLine().getOut();
        for (int i = 0; i < logits.length; i++) {
            print(images.get(i).file(), classifier.classification(logits[i]), labels, out);
            if (pictures != null) {
                draw(classifier.model(), images.get(i), share);
            }
        }
        if (out.checkError()) {
            throw new IOException("the classes cannot be written to stdout");
        }
    }

    private void print(Path image, Classification found, List<String> labels, PrintWriter out) {
        out.println(
                options.json()
                        ? Json.line(new Json.Classified(
                                image.toString(), found.label(), found.probability(), Json.byLabel(found, labels)))
                        : String.format(Locale.ROOT, "%s\t%s\t%.3f", image, found.label(), found.probability()));
    }

    private void draw(OpenModel model, Prepared image, Budget share) throws IOException {
        byte[] png = ShadedPatches.png(model, image.pixels(), ShadedPatches.shares(model, image.pixels(), share));
        AtomicFiles.write(pictures.resolve(image.file().getFileName() + ".learners.png"), out -> out.write(png));
    }
}
