package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Commands on images, from random weights to classes: images of lines that lie or stand, which a small model learns in seconds. */
class ImageCommandsTest {
    private static final int SIZE = 16;

    @TempDir
    static Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

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
        assertThat(test.out.toString()).contains("Next: ./tokenwise eval vit");
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

    private int run(String... args) {
        return Tokenwise.commandLine(
                        InputStream.nullInputStream(), new PrintWriter(out, true), new PrintWriter(err, true), args)
                .execute(args);
    }

    private JsonNode json() {
        return new JsonMapper().readTree(out.toString());
    }

    @Test
    void theTeacherHasLearntAndHalfTheWorkStaysNearIt() {
        assertThat(run("eval", "vit", data(), "--model", path("adaptive"), "--budget", "0.5", "--json"))
                .as(err.toString())
                .isZero();
        JsonNode rows = json().get("rows");
        assertThat(json().get("data").asString()).isEqualTo("40 images of 2 classes");
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
        assertThat(json().get("data").asString()).isEqualTo("40 images of 2 classes");
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

    @Test
    void theReportShowsImages() throws IOException {
        assertThat(Files.readString(folder.resolve("adaptive/report.html")))
                .contains(
                        "data:image/png;base64,",
                        "ms at one image",
                        "same class",
                        "images that were kept from this training");
    }

    @Test
    void eachImageGetsItsClassAndAPicture() throws IOException {
        String image = folder.resolve("data/test/lying/3.png").toString();
        assertThat(run("classify", "--model", path("adaptive"), "--picture", path("pictures"), "--json", image))
                .as(err.toString())
                .isZero();
        assertThat(json().get("label").asString()).isEqualTo("lying");
        assertThat(json().get("probabilities").get("standing").asDouble()).isLessThan(0.5);
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
                .contains("bad.png: is not an image; images must be JPEG or PNG", "none.png: no such file");
    }

    @Test
    void infoTellsClasses() {
        assertThat(run("info", path("adaptive"))).isZero();
        assertThat(out.toString()).contains("an image          17 tokens", "classes           2: lying, standing");
    }

    @Test
    void aModelOfAnotherKindIsNamed() throws IOException {
        SmallModel.write(folder.resolve("bert"));
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
}
