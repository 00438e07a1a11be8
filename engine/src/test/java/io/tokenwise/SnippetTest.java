package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.RandomModel;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library examples of README.md and the guides, compiled and run as they stand there; those of speech and of rerankers and their like on small models with random weights; links of all pages. */
class SnippetTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\n(.*?class (\\w+) .*?)```", Pattern.DOTALL);

    /** To a file of ours, perhaps to a place in it. */
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]+)(#[^)]*)?\\)");

    @TempDir
    static Path folder;

    @BeforeAll
    static void compile() throws IOException {
        assertThat(compileBlocks("README.md")).containsExactly("Search");
        assertThat(compileBlocks("docs/guide.md")).containsExactly("Calls", "Doors");
        assertThat(compileBlocks("docs/images-and-speech.md")).containsExactly("Look", "Listen");
    }

    /** Compiles each Java block of a page, and returns the names of their classes. */
    private static List<String> compileBlocks(String page) throws IOException {
        var block = JAVA_BLOCK.matcher(Files.readString(Path.of("..", page)));
        var names = new ArrayList<String>();
        while (block.find()) {
            names.add(block.group(2));
            Path source = folder.resolve(block.group(2) + ".java");
            Files.writeString(source, block.group(1));
            int compiled = ToolProvider.getSystemJavaCompiler()
                    .run(
                            null,
                            null,
                            null,
                            "-cp",
                            System.getProperty("java.class.path"),
                            "-d",
                            folder.toString(),
                            source.toString());
            assertThat(compiled)
                    .as("javac's exit code for " + source + " of " + page)
                    .isZero();
        }
        return names;
    }

    @Test
    void textsAreCompared() throws Exception {
        List<String> lines = run("Search");
        assertThat(lines).hasSize(2);
        assertThat(Double.parseDouble(lines.get(0))).isGreaterThan(Double.parseDouble(lines.get(1)));
    }

    @Test
    void modelsShareAnEngine() throws Exception {
        assertThat(run("Calls")).containsExactly("11 tokens, 384 bytes");
    }

    @Test
    void eachKindOfModelHasADoor() throws Exception {
        write("my-reranker", "BertForSequenceClassification", "classifiers", Map.of("num_labels", 1));
        write("my-ner", "BertForTokenClassification", "classifiers", Map.of("num_labels", 5));
        write("my-colbert", "HF_ColBERT", "colbert", Map.of("dim", 128));
        write("my-bert", "BertForMaskedLM", "masked", Map.of());
        List<String> lines = run("Doors");
        assertThat(lines.getFirst()).matches("-?[0-9.E-]+ (Goethe|Water) .*");
        // Of random weights nobody knows how many names are found.
        List<String> last = lines.subList(lines.size() - 4, lines.size());
        assertThat(last.getFirst()).matches("-?[0-9.E-]+ -?[0-9.E-]+");
        assertThat(last.get(1)).startsWith("[WeightedToken[id=");
        assertThat(last.subList(2, 4)).allMatch(line -> line.matches("\\S+ [0-9.E-]+"));
    }

    private static void write(String name, String architecture, String head, Map<String, Integer> sizes)
            throws IOException {
        Map<String, Object> config =
                Map.of("architectures", List.of(architecture), "vocab_size", 30_522, "type_vocab_size", 2);
        RandomModel.small("bert", config, 5).with(head, sizes, 6).write(folder.resolve(name), "bert.");
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            Files.write(
                    folder.resolve(name).resolve("tokenizer.json"),
                    minilm.tokenizer().json());
        }
    }

    @Test
    void anImageIsClassified() throws Exception {
        var image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        graphics.setColor(Color.CYAN);
        graphics.fillRect(0, 0, 64, 48);
        graphics.dispose();
        Path file = folder.resolve("sky.png");
        ImageIO.write(image, "png", file.toFile());
        List<String> lines = run("Look", file.toString());
        assertThat(lines).hasSize(1);
        String[] found = lines.getFirst().split(" ");
        assertThat(found[0])
                .isIn("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        assertThat(Double.parseDouble(found[1])).isBetween(0.1, 1.0);
    }

    @Test
    void speechIsWrittenWithItsTimes() throws Exception {
        TestMoonshines.writeSmall(folder.resolve("my-moonshine"));
        float[] noise = TestMoonshines.noise(1.5, 1);
        var samples = ByteBuffer.allocate(2 * noise.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float sample : noise) {
            samples.putShort((short) (10_000 * sample));
        }
        Path file = folder.resolve("talk.wav");
        var format = new AudioFormat(16_000, 16, 1, true, false);
        try (var sound = new AudioInputStream(new ByteArrayInputStream(samples.array()), format, noise.length)) {
            AudioSystem.write(sound, AudioFileFormat.Type.WAVE, file.toFile());
        }
        // In its first line: what a model of random weights writes may have several.
        assertThat(run("Listen", file.toString()).getFirst()).startsWith("0.0 1.5 ");
    }

    @Test
    void linksOfAllPagesLeadSomewhere() throws IOException {
        Path root = Path.of("..");
        try (var below = Files.walk(root.resolve("docs"))) {
            List<Path> pages = Stream.concat(
                            below,
                            Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
                                    .map(root::resolve))
                    .filter(file -> file.toString().endsWith(".md"))
                    .toList();
            assertThat(pages).hasSizeGreaterThan(20);
            for (Path page : pages) {
                assertThat(LINK.matcher(Files.readString(page)).results().map(link -> link.group(1)))
                        .as(page.toString())
                        .allSatisfy(
                                link -> assertThat(page.resolveSibling(link)).exists());
            }
        }
    }

    private static List<String> run(String... classAndArguments) throws Exception {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                folder + File.pathSeparator + System.getProperty("java.class.path")));
        command.addAll(List.of(classAndArguments));
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return out.lines().toList();
    }
}
