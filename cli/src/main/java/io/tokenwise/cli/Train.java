package io.tokenwise.cli;

import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImageReader;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.image.Split;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.train.VitTrainingConfig;
import io.tokenwise.train.VitTrainingRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
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
        name = "train",
        header = "Train a dense model from random weights.",
        synopsisSubcommandLabel = "KIND",
        description =
                "There are two kinds: vit, a Vision Transformer that tells classes of images apart, and ctc, a small wav2vec 2.0 that writes what is said.",
        subcommands = {Train.Vit.class, TrainCtc.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise train vit --data cifar10.tar --out my-vit",
            "  ./tokenwise train ctc --data digits.csv --out my-ctc"
        })
final class Train implements Runnable {
    @Mixin
    private Tokenwise.Help help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "no kind of model given");
    }

    @Command(
            name = "vit",
            header = "Train a Vision Transformer on images with classes.",
            description = {
                "DATA is a folder with a folder of JPEG or PNG images for each class, a .tar or .tar.gz of one, or a folder with MNIST's files, such as"
                        + " that of fetch fashion-mnist.",
                "Images are resized until the shorter side fits and their centre is kept; then they are shifted by up to an eighth, mirrored and recoloured at random, and half of them get a part of another image (CutMix). In all but the last 15 % of the steps it looks at half of each image's patches only (PatchDropout), which takes little more than half the time. A tenth of them, 1,000 at most, is not trained on and shows the accuracy on"
                        + " the way. It takes hours on two cores, and can be stopped at any time; the same command goes on from there."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  ./tokenwise train vit --data cifar10.tar --precision bf16 --out my-vit",
                "  ./tokenwise train vit --data mnist --image-size 28 --classes zero,one,two,three,four,five,six,seven,eight,nine --out my-vit",
                "  ./tokenwise train vit --data photos --image-size 64 --patch-size 8 --epochs 100 --out my-vit",
                "  ./tokenwise eval vit cifar10.tar --model my-vit",
                "  ./tokenwise distill --model my-vit --data cifar10.tar --out my-vit-acm"
            })
    static final class Vit implements Callable<Integer> {
        /** The part of a data set to learn from. */
        private static final String TRAINING = "train";

        private static final String COUNT = "N";

        @Mixin
        private CommonOptions options = new CommonOptions(WantedModel.NONE);

        @Spec
        private CommandSpec spec;

        @Option(names = "--data", paramLabel = "DATA", required = true, description = "Images with classes.")
        private Path data;

        @Mixin
        private SplitOption split;

        @Mixin
        private ClassesOption classes;

        @Option(
                names = "--image-size",
                paramLabel = COUNT,
                defaultValue = "32",
                converter = CommonOptions.CountConverter.class,
                description =
                        "Width and height of the images in pixels; others are resized and cut to it (default: ${DEFAULT-VALUE}).")
        private int imageSize;

        @Option(
                names = "--patch-size",
                paramLabel = COUNT,
                defaultValue = "4",
                converter = CommonOptions.CountConverter.class,
                description =
                        "Width and height of a patch, which is a token; divides the images' (default: ${DEFAULT-VALUE}).")
        private int patchSize;

        @Mixin
        private NewModelOptions model = new NewModelOptions(6, VitTrainingConfig.USUAL_EPOCHS);

        @Mixin
        private MirrorOption mirror;

        @Override
        public Integer call() throws IOException, InterruptedException {
            model.check();
            checkSizes();
            ImagePreparation preparation = ImagePreparation.centred(imageSize);
            Split part = split.orUsual(TRAINING);
            LabelledImages images = classes.named(
                            LabelledImageReader.of(preparation, imageSize).read(data, part), data)
                    .shuffled(options.seed());
            // Without a part to learn from all of it was learnt from, the only part being test or not.
            boolean testable = !part.name().equals(Eval.Vit.TEST)
                    && (split.given() || LabelledImageReader.has(data, TRAINING))
                    && LabelledImageReader.has(data, Eval.Vit.TEST);
            var run = new VitTrainingRun(
                    description(preparation, images.classes()),
                    images,
                    VitTrainingConfig.of(model.epochs(), mirror.mirrored(), options.seed()),
                    model.out(),
                    NewModelOptions.STEPS_PER_CHECKPOINT,
                    model.store().type());
            double right;
            try (Backend backend = Backends.open(options.training(), options.threads());
                    var shown =
                            new TrainingProgress(spec.commandLine().getErr(), "train", run.checkpoint(), "images")) {
                right = run.run(backend, shown);
            }
            report(right, images, testable);
            return ExitCode.OK;
        }

        private VitArchitecture sizes(int classes) {
            return new VitArchitecture(
                    model.hidden(),
                    model.layers(),
                    model.heads(),
                    4 * model.hidden(),
                    imageSize,
                    patchSize,
                    classes,
                    1e-6);
        }

        /** Before images are read, which takes a while. */
        private void checkSizes() {
            try {
                sizes(2);
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), e.getMessage());
            }
        }

        private ImageDescription description(ImagePreparation preparation, List<String> classes) {
            return new ImageDescription(
                    model.out().toString(),
                    VitFamily.VIT,
                    sizes(classes.size()),
                    preparation,
                    classes,
                    Optional.empty());
        }

        private void report(double right, LabelledImages images, boolean testable) {
            PrintWriter stdout = spec.commandLine().getOut();
            if (options.json()) {
                stdout.println(Json.line(new Json.Trained(
                        model.out().toString(), images.size(), images.classes().size(), right)));
                return;
            }
            stdout.println(String.format(
                    Locale.ROOT,
                    "The model is in %s: %.1f %% of the images that it was not trained on have the right class",
                    model.out(),
                    100 * right));
            stdout.println("Next: ./tokenwise eval vit "
                    + (testable
                            ? data + " --model " + model.out() + classes.again()
                            : "DATA --model " + model.out() + ", where DATA has images that it was not trained on"));
        }
    }
}
