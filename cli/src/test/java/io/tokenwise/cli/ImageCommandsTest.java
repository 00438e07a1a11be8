package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.testmodels.SmallTextModel;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Commands on images, from random weights to classes: images of lines that lie or stand, which a small model learns in seconds. */
class ImageCommandsTest extends CommandTest {
    private static final int SIZE = 16;

    @TempDir
    static Path folder;

    @BeforeAll
    static void trainAndDistill() throws IOException {
        draw("train", 120);
        draw("test", 20);
        var test = new ImageCommandsTest();
        assertThat(test.run(
                        "train",
                        "vit",
                        "--data",
                        data(),
                        "--image-size",
                        "16",
                        "--patch-size",
                        "4",
                        "--hidden",
                        "48",
                        "--layers",
                        "2",
                        "--heads",
                        "3",
                        "--epochs",
                        "40",
                        "--out",
                        path("dense")))
                .as(test.err.toString())
                .isZero();
        assertThat(test.out.toString()).contains("Next: ./tokenwise eval vit " + data() + " --model " + path("dense"));
        assertThat(test.run(
                        "distill",
                        "--model",
                        path("dense"),
                        "--data",
                        data(),
                        "--tokens",
                        "150000",
                        "--learners",
                        "3",
                        "--out",
                        path("adaptive")))
                .as(test.err.toString())
                .isZero();
    }

    private static void draw(String split, int count) throws IOException {
        var random = new SplittableRandom(count);
        for (String kind : List.of("lying", "standing")) {
            Path classes = Files.createDirectories(
                    folder.resolve("data").resolve(split).resolve(kind));
            for (int i = 0; i < count; i++) {
                ImageIO.write(
                        image(kind, random), "png", classes.resolve(i + ".png").toFile());
            }
        }
    }

    private static BufferedImage image(String kind, SplittableRandom random) {
        var image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(random.nextInt(100), random.nextInt(100), random.nextInt(100)));
        graphics.fillRect(0, 0, SIZE, SIZE);
        graphics.setColor(new Color(155 + random.nextInt(100), 155 + random.nextInt(100), 155 + random.nextInt(100)));
        int at = 3 + random.nextInt(10);
        if (kind.equals("lying")) {
            graphics.fillRect(2, at, 12, 2);
        } else {
            graphics.fillRect(at, 2, 2, 12);
        }
        graphics.dispose();
        return image;
    }

    private static String path(String name) {
        return folder.resolve(name).toString();
    }

    private static String data() {
        return path("data");
    }

    @Test
    void theTeacherHasLearntAndHalfTheWorkStaysNearIt() {
        assertThat(run("eval", "vit", data(), "--model", path("adaptive"), "--flops", "0.5", "--json"))
                .as(err.toString())
                .isZero();
        JsonNode rows = line(0).get("rows");
        assertThat(line(0).get("data").asString()).isEqualTo("40 images of 2 classes");
        assertThat(err.toString()).doesNotContain("has no folder test");
        assertThat(rows.get(0).get("mode").asString()).isEqualTo("dense");
        assertThat(rows.get(0).get("metric").asString()).isEqualTo("accuracy");
        assertThat(rows.get(0).get("value").asDouble()).isGreaterThan(0.9);
        assertThat(rows.get(1).get("mode").asString()).isEqualTo("soft");
        assertThat(rows.get(1).get("teacherCosine").asDouble()).isGreaterThan(0.9);
        assertThat(rows.get(2).get("mode").asString()).isEqualTo("hard");
        assertThat(rows.get(2).get("spent").asDouble()).isLessThanOrEqualTo(0.5);
    }

    @Test
    void aFolderOfClassesNeedsNoParts() {
        String classes = folder.resolve("data/test").toString();
        assertThat(run("eval", "vit", classes, "--model", path("dense"), "--json"))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("data").asString()).isEqualTo("40 images of 2 classes");
        assertThat(err.toString())
                .contains(
                        classes + " has no folder test: all its images are counted, also those that a model was trained"
                                + " on if it was trained on " + classes);
        assertThat(run("eval", "vit", classes, "--model", path("dense"), "--split", "test"))
                .isEqualTo(1);
        assertThat(err.toString()).contains("has no folder test; images must lie at CLASS/NAME or SPLIT/CLASS/NAME");
    }

    @Test
    void aDenseModelHasNoLearnersToShow() {
        String image = folder.resolve("data/test/lying/3.png").toString();
        assertThat(run("classify", "--model", path("dense"), "--picture", path("none"), image))
                .isEqualTo(1);
        assertThat(err.toString()).contains("--picture shows learners, which ");
    }

    /** Where nobody names learners, patches leave, and a budget is time. */
    @Test
    void patchesLeaveByDefault() {
        String leaving = path("leaving");
        assertThat(run("distill", "--model", path("dense"), "--data", data(), "--tokens", "20000", "--out", leaving))
                .as(err.toString())
                .isZero();
        out.getBuffer().setLength(0);
        assertThat(run("eval", "vit", data(), "--model", leaving, "--budget", "0.7", "--json"))
                .as(err.toString())
                .isZero();
        JsonNode soft = line(0).get("rows").get(1);
        assertThat(soft.get("mode").asString()).isEqualTo("soft");
        assertThat(soft.get("budget").asDouble()).isEqualTo(0.7);
        assertThat(soft.get("spent").asDouble()).isLessThanOrEqualTo(1);
    }

    @Test
    void theReportShowsImages() throws IOException {
        assertThat(Files.readString(folder.resolve("adaptive/report.html")))
                .contains(
                        "data:image/png;base64,",
                        "ms at one image",
                        "same class",
                        "<td>layer 1 MLP</td>",
                        "images that were kept from this training");
    }

    @Test
    void eachImageGetsItsClassAndAPicture() throws IOException {
        String image = folder.resolve("data/test/lying/3.png").toString();
        assertThat(run("classify", "--model", path("adaptive"), "--picture", path("pictures"), "--json", image))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("label").asString()).isEqualTo("lying");
        assertThat(line(0).get("probabilities").get("standing").asDouble()).isLessThan(0.5);
        BufferedImage picture =
                ImageIO.read(folder.resolve("pictures/3.png.learners.png").toFile());
        assertThat(picture.getWidth()).isGreaterThan(2 * picture.getHeight());
    }

    @Test
    void whatIsNoImageIsToldAndTheOthersAreClassified() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.png"), "no image");
        String good = folder.resolve("data/test/standing/0.png").toString();
        assertThat(run("classify", "--model", path("adaptive"), bad.toString(), path("none.png"), good))
                .isEqualTo(1);
        assertThat(out.toString()).contains("0.png\tstanding\t");
        assertThat(err.toString())
                .contains("bad.png: is not an image; images must be JPEG or PNG", "no such file or directory: ");
    }

    @Test
    void infoTellsClasses() {
        assertThat(run("info", path("adaptive"))).isZero();
        assertThat(out.toString()).contains("an image          17 tokens", "classes           2: lying, standing");
    }

    @Test
    void aModelOfAnotherKindIsNamed() throws IOException {
        SmallTextModel.write(folder.resolve("bert"));
        assertThat(run("eval", "vit", data(), "--model", path("bert"))).isEqualTo(1);
        assertThat(run("embed", "--model", path("dense"))).isEqualTo(1);
        assertThat(err.toString().lines())
                .anyMatch(line -> line.endsWith("bert: is a text encoder; an image classifier is wanted here"))
                .anyMatch(line -> line.endsWith("dense: is an image classifier; a text encoder is wanted here"));
    }

    @Test
    void optionsThatMakeNoSenseAreRefused() {
        assertThat(run("train", "vit", "--data", data(), "--patch-size", "5", "--out", path("new")))
                .isEqualTo(2);
        assertThat(run("train", "vit", "--data", data(), "--heads", "5", "--out", path("new")))
                .isEqualTo(2);
        assertThat(run("train", "vit", "--data", data(), "--hidden", "800", "--heads", "2", "--out", path("new")))
                .isEqualTo(2);
        assertThat(run("train", "vit", "--data", data(), "--model", "minilm", "--out", path("new")))
                .isEqualTo(2);
        assertThat(run("distill", "--model", path("dense"), "--data", data(), "--field", "x", "--out", path("new")))
                .isEqualTo(2);
        assertThat(run("distill", "--data", data(), "--no-mirror", "--out", path("new")))
                .isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "patches of 5 pixels must cover images of 32",
                        "hidden size 192 is not a multiple of 5 heads",
                        "--model is for models that are there",
                        "--field is for texts; ",
                        "--no-mirror is for images; ");
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void classesThatTheModelDoesNotKnowAreNamed() throws IOException {
        Files.createDirectories(folder.resolve("other"));
        for (String kind : List.of("lying", "dotted")) {
            Path classes = Files.createDirectories(folder.resolve("other/test").resolve(kind));
            ImageIO.write(
                    image("lying", new SplittableRandom(1)),
                    "png",
                    classes.resolve("0.png").toFile());
        }
        assertThat(run("eval", "vit", path("other"), "--model", path("dense"))).isEqualTo(1);
        assertThat(err.toString()).contains("has the class dotted; ", "knows 2: lying, standing");
    }

    /** Trains a smaller model than {@link #trainAndDistill}. */
    private int trainSmall(String data, String model, int epochs, String... more) {
        List<String> args = new ArrayList<>(List.of("train", "vit", "--data", data, "--out", path(model)));
        args.addAll(List.of(
                "--image-size", "16", "--hidden", "12", "--layers", "1", "--heads", "3", "--epochs", "" + epochs));
        args.addAll(List.of(more));
        return run(args.toArray(String[]::new));
    }

    @Test
    void whatWasTrainedOnIsNotRecommendedForJudging() {
        assertThat(trainSmall(folder.resolve("data/train").toString(), "onAll", 1))
                .as(err.toString())
                .isZero();
        String next = "Next: ./tokenwise eval vit DATA --model %s, where DATA has images that it was not trained on";
        assertThat(out.toString()).contains(next.formatted(path("onAll")));
        assertThat(trainSmall(data(), "onTest", 1, "--split", "test")).isZero();
        assertThat(out.toString()).contains(next.formatted(path("onTest")));
    }

    /** As MNIST's files: 0 lies and 1 stands, as nine of ten do, so that hardly any training is needed. */
    private static void writeIdx(Path mnist, String prefix, int count) throws IOException {
        Files.createDirectories(mnist);
        var random = new SplittableRandom(count);
        ByteBuffer images = ByteBuffer.allocate(16 + count * SIZE * SIZE);
        images.putInt(0x803).putInt(count).putInt(SIZE).putInt(SIZE);
        ByteBuffer labels = ByteBuffer.allocate(8 + count).putInt(0x801).putInt(count);
        for (int i = 0; i < count; i++) {
            BufferedImage image = image(i % 10 == 0 ? "lying" : "standing", random);
            for (int rgb : image.getRGB(0, 0, SIZE, SIZE, null, 0, SIZE)) {
                images.put((byte) rgb);
            }
            labels.put((byte) (i % 10 == 0 ? 0 : 1));
        }
        Files.write(mnist.resolve(prefix + "-images-idx3-ubyte"), images.array());
        Files.write(mnist.resolve(prefix + "-labels-idx1-ubyte"), labels.array());
    }

    @Test
    void numberedClassesGetNames() throws IOException {
        Path mnist = folder.resolve("mnist");
        writeIdx(mnist, "train", 200);
        writeIdx(mnist, "t10k", 30);
        assertThat(trainSmall(mnist.toString(), "named", 10, "--classes", "lying,standing,c,d,e,f,g,h,i,j k"))
                .as(err.toString())
                .isZero();
        assertThat(run("info", path("named"))).isZero();
        assertThat(out.toString()).contains("10: lying, standing, c, ");
        out.getBuffer().setLength(0);
        String names = "lying,standing,c,d,e,f,g,h,i,j k";
        assertThat(run("eval", "vit", mnist.toString(), "--model", path("named"), "--classes", names, "--json"))
                .as(err.toString())
                .isZero();
        assertThat(line(0).get("data").asString()).isEqualTo("30 images of 10 classes");
        assertThat(line(0).get("rows").get(0).get("value").asDouble()).isGreaterThan(0.7);
        assertThat(run("eval", "vit", data(), "--model", path("named")))
                .as(err.toString())
                .isZero();
        assertThat(run(
                        "distill",
                        "--model",
                        path("named"),
                        "--data",
                        mnist.toString(),
                        "--adapt",
                        "mlp",
                        "--learners",
                        "3",
                        "--tokens",
                        "20000",
                        "--out",
                        path("namedAcm")))
                .as(err.toString())
                .isZero();
        assertThat(run("eval", "vit", mnist.toString(), "--model", path("dense")))
                .isEqualTo(1);
        assertThat(err.toString())
                .contains(
                        "has the class 0; ", "knows 2: lying, standing; --classes names those that are called 0 to 9");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,b | 2 names; there must be 10, those of 0 to 9 in this order",
                "a,b,,d,e,f,g,h,i,j | a name is blank",
                "a,b,c,d,e,f,g,h,i,a | a is there twice",
                "a,b,c,d,e,f,g,h,i,0 | a name is a digit",
                "a,b,c,d,e,f,g,h,i,\u001bj | control characters",
                "a,b,c,d,e,f,g,h,i,j | --classes is for classes that are called 0 to 9; ",
            })
    void namesThatDoNotFitAreRefused(String names, String message) {
        assertThat(trainSmall(data(), "unnamed", 1, "--classes", names)).isEqualTo(2);
        assertThat(err.toString()).contains(message).hasLineCount(1);
        assertThat(folder.resolve("unnamed")).doesNotExist();
    }
}
