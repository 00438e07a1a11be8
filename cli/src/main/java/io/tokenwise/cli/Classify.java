package io.tokenwise.cli;

import io.tokenwise.Classification;
import io.tokenwise.ImageClassifier;
import io.tokenwise.image.Image;
import io.tokenwise.image.ImageReader;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.BadFileException;
import io.tokenwise.nn.Budget;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "classify",
        header = "Tell the classes of images.",
        description = {
            "Prints for each JPEG or PNG file its likeliest class and how likely that is.",
            "A file that is no such image is told, the others are classified, and the exit code is 1."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise classify --model my-vit cat.jpg dog.png",
            "  ./tokenwise classify --model my-vit --budget 0.5 --picture shaded *.jpg"
        })
final class Classify implements Callable<Integer> {
    /** Images that are read, and run through the model, together. */
    private static final int BATCH = 32;

    @Mixin
    private CommonOptions options;

    @Mixin
    private BudgetOptions budget;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "JPEG or PNG files.")
    private List<Path> files;

    @Option(
            names = "--picture",
            paramLabel = "DIR",
            description =
                    "Write a PNG for each image, NAME.learners.png, that shows it beside itself with each patch shaded by the learners it used.")
    private Path pictures;

    private boolean failed;

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (ImageClassifier classifier = ImageClassifier.open(options.model(), options.encoderOptions())) {
            budget.remark(
                    options.model(),
                    classifier.model().encoder().acms(),
                    spec.commandLine().getErr());
            if (pictures != null) {
                Files.createDirectories(pictures);
            }
            for (int from = 0; from < files.size(); from += BATCH) {
                classify(classifier, files.subList(from, Math.min(files.size(), from + BATCH)));
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        }
        return failed ? ExitCode.SOFTWARE : ExitCode.OK;
    }

    private void classify(ImageClassifier classifier, List<Path> some) throws IOException {
        Map<Path, Image> images = read(some);
        Budget share = budget.asked(options.seed());
        List<Classification> found = classifier.classify(List.copyOf(images.values()), share);
        PrintWriter out = spec.commandLine().getOut();
        int next = 0;
        for (Path file : images.keySet()) {
            print(file, found.get(next++), classifier.description().labels(), out);
            if (pictures != null) {
                draw(classifier, file, images.get(file), share);
            }
        }
        if (out.checkError()) {
            throw new IOException("the classes cannot be written to stdout");
        }
    }

    private Map<Path, Image> read(List<Path> some) throws IOException {
        var reader = new ImageReader();
        Map<Path, Image> images = new LinkedHashMap<>();
        for (Path file : some) {
            try {
                images.put(file, reader.read(file));
            } catch (BadFileException e) {
                tell(e.getMessage());
            } catch (NoSuchFileException e) {
                tell(file + ": no such file");
            }
        }
        return images;
    }

    private void tell(String mistake) {
        failed = true;
        spec.commandLine().getErr().println(spec.qualifiedName() + ": " + mistake);
    }

    private void print(Path file, Classification found, List<String> labels, PrintWriter out) {
        if (options.json()) {
            var probabilities = new LinkedHashMap<String, Double>();
            for (int c = 0; c < labels.size(); c++) {
                probabilities.put(labels.get(c), found.probabilities()[c]);
            }
            out.println(
                    Json.line(new Json.Classified(file.toString(), found.label(), found.probability(), probabilities)));
        } else {
            out.println(String.format(Locale.ROOT, "%s\t%s\t%.3f", file, found.label(), found.probability()));
        }
    }

    private void draw(ImageClassifier classifier, Path file, Image image, Budget share) throws IOException {
        int[] pixels = classifier.prepare(image).rgb();
        byte[] png =
                ShadedPatches.png(classifier.model(), pixels, ShadedPatches.shares(classifier.model(), pixels, share));
        AtomicFiles.write(pictures.resolve(file.getFileName() + ".learners.png"), out -> out.write(png));
    }
}
