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
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
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

    /** In front of what a program prints, and its name behind it. */
    private static final String BEGIN = "--- ";

    @TempDir
    static Path folder;

    /** What each program has printed, all in one JVM: each of its own would compile the same code for seconds. */
    private static final Map<String, List<String>> PRINTED = new HashMap<>();

    @BeforeAll
    static void compileAndRun() throws Exception {
        var sources = new ArrayList<String>();
        assertThat(writeBlocks("README.md", sources)).containsExactly("Search");
        assertThat(writeBlocks("docs/guide.md", sources)).containsExactly("Calls", "Doors");
        assertThat(writeBlocks("docs/images-and-speech.md", sources)).containsExactly("Look", "Listen");
        compile(sources);
        writeModels();
        writeImage();
        writeTalk();
        run("Search", "Calls", "Doors", "Look sky.png", "Listen talk.wav");
    }

    /** Writes each Java block of a page as a file, adds it to the sources, and returns the names of their classes. */
    private static List<String> writeBlocks(String page, List<String> sources) throws IOException {
        var block = JAVA_BLOCK.matcher(Files.readString(Path.of("..", page)));
        var names = new ArrayList<String>();
        while (block.find()) {
            names.add(block.group(2));
            Path source = folder.resolve(block.group(2) + ".java");
            Files.writeString(source, block.group(1));
            sources.add(source.toString());
        }
        return names;
    }

    private static void compile(List<String> sources) {
        var arguments = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path"), "-d", folder.toString()));
        arguments.addAll(sources);
        int compiled = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertThat(compiled).as("javac's exit code for " + sources).isZero();
    }

    @Test
    void textsAreCompared() {
        List<String> lines = PRINTED.get("Search");
        assertThat(lines).hasSize(2);
        assertThat(Double.parseDouble(lines.get(0))).isGreaterThan(Double.parseDouble(lines.get(1)));
    }

    @Test
    void modelsShareAnEngine() {
        assertThat(PRINTED.get("Calls")).containsExactly("11 tokens, 384 bytes");
    }

    @Test
    void eachKindOfModelHasADoor() {
        List<String> lines = PRINTED.get("Doors");
        assertThat(lines.getFirst()).matches("-?[0-9.E-]+ (Goethe|Water) .*");
        // Of random weights nobody knows how many names are found.
        List<String> last = lines.subList(lines.size() - 4, lines.size());
        assertThat(last.getFirst()).matches("-?[0-9.E-]+ -?[0-9.E-]+");
        assertThat(last.get(1)).startsWith("[WeightedToken[id=");
        assertThat(last.subList(2, 4)).allMatch(line -> line.matches("\\S+ [0-9.E-]+"));
    }

    private static void writeModels() throws IOException {
        write("my-reranker", "BertForSequenceClassification", "classifiers", Map.of("num_labels", 1));
        write("my-ner", "BertForTokenClassification", "classifiers", Map.of("num_labels", 5));
        write("my-colbert", "HF_ColBERT", "colbert", Map.of("dim", 128));
        write("my-bert", "BertForMaskedLM", "masked", Map.of());
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

    private static void writeImage() throws IOException {
        var image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        var graphics = image.createGraphics();
        graphics.setColor(Color.CYAN);
        graphics.fillRect(0, 0, 64, 48);
        graphics.dispose();
        ImageIO.write(image, "png", folder.resolve("sky.png").toFile());
    }

    @Test
    void anImageIsClassified() {
        List<String> lines = PRINTED.get("Look");
        assertThat(lines).hasSize(1);
        String[] found = lines.getFirst().split(" ");
        assertThat(found[0])
                .isIn("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck");
        assertThat(Double.parseDouble(found[1])).isBetween(0.1, 1.0);
    }

    private static void writeTalk() throws IOException {
        TestMoonshines.writeSmall(folder.resolve("my-moonshine"));
        float[] noise = TestMoonshines.noise(1.5, 1);
        var samples = ByteBuffer.allocate(2 * noise.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float sample : noise) {
            samples.putShort((short) (10_000 * sample));
        }
        var format = new AudioFormat(16_000, 16, 1, true, false);
        try (var sound = new AudioInputStream(new ByteArrayInputStream(samples.array()), format, noise.length)) {
            AudioSystem.write(
                    sound, AudioFileFormat.Type.WAVE, folder.resolve("talk.wav").toFile());
        }
    }

    @Test
    void speechIsWrittenWithItsTimes() {
        // In its first line: what a model of random weights writes may have several.
        assertThat(PRINTED.get("Listen").getFirst()).startsWith("0.0 1.5 ");
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

    /** The program that runs those whose names it is given, with their arguments behind a space. */
    static final class Each {
        private Each() {}

        public static void main(String[] programs) throws ReflectiveOperationException {
            for (String program : programs) {
                String[] words = program.split(" ");
                System.out.println(BEGIN + words[0]);
                Method main = Class.forName(words[0]).getDeclaredMethod("main", String[].class);
                main.setAccessible(true);
                main.invoke(null, (Object) Arrays.copyOfRange(words, 1, words.length));
            }
        }
    }

    private static void run(String... programs) throws Exception {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                folder + File.pathSeparator + System.getProperty("java.class.path"),
                Each.class.getName()));
        command.addAll(List.of(programs));
        Path errors = folder.resolve("errors");
        var process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(errors.toFile())
                .start();
        var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out + Files.readString(errors)).isZero();
        for (String part : out.substring(BEGIN.length()).split("\n" + BEGIN)) {
            List<String> lines = part.lines().toList();
            PRINTED.put(lines.getFirst(), lines.subList(1, lines.size()));
        }
    }
}
