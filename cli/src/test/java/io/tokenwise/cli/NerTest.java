package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Aggregation;
import io.tokenwise.Entity;
import io.tokenwise.TokenClassifier;
import io.tokenwise.api.Budget;
import io.tokenwise.io.LineFile;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The command {@code ner}, on a token classifier with random weights. */
class NerTest extends CommandTest {
    private static final String TEXT = "Ada Lovelace met Charles Babbage\nin unfathomable London. ".repeat(8);

    @TempDir
    private static Path folder;

    private static String model;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("tokens").toString();
        SmallTextModel.writeTokenClasses(Path.of(model));
    }

    private static List<Entity> entities(Aggregation aggregation) throws IOException {
        try (TokenClassifier classifier = TokenClassifier.open(model)) {
            return classifier.entities(List.of(TEXT), aggregation, Budget.FULL).getFirst();
        }
    }

    @Test
    void aTextsEntitiesWithTheirPlaces() throws IOException {
        List<Entity> entities = entities(Aggregation.SIMPLE);
        assertThat(entities).isNotEmpty();
        assertThat(run("ner", TEXT, "--model", model)).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSameSizeAs(entities);
        for (int i = 0; i < lines.size(); i++) {
            String[] fields = lines.get(i).split("\t");
            Entity entity = entities.get(i);
            assertThat(fields[0]).isEqualTo(entity.label());
            assertThat(TEXT.substring(Integer.parseInt(fields[2]), Integer.parseInt(fields[3])))
                    .isEqualTo(entity.text());
            assertThat(fields[4]).isEqualTo(entity.text().replace('\n', ' '));
        }
    }

    @Test
    void aFileOrStdinAsJsonByWords() throws IOException {
        List<Entity> entities = entities(Aggregation.FIRST);
        Path file = folder.resolve("text.txt");
        Files.writeString(file, TEXT);
        assertThat(run("ner", "--file", file.toString(), "--words", "--json", "--model", model))
                .isZero();
        assertThat(out.toString().lines()).hasSameSizeAs(entities);
        assertThat(line(0).get("label").asString())
                .isEqualTo(entities.getFirst().label());
        assertThat(line(0).get("startChar").asInt())
                .isEqualTo(entities.getFirst().startChar());
        assertThat(line(0).get("text").asString()).isEqualTo(entities.getFirst().text());
        String ofFile = out.toString();
        out.getBuffer().setLength(0);
        assertThat(runOn(TEXT, "ner", "--words", "--json", "--model", model)).isZero();
        assertThat(out.toString()).isEqualTo(ofFile);
        out.getBuffer().setLength(0);
        Files.writeString(file, LineFile.BYTE_ORDER_MARK + TEXT);
        assertThat(run("ner", "--file", file.toString(), "--words", "--json", "--model", model))
                .isZero();
        assertThat(out.toString()).isEqualTo(ofFile);
    }

    @Test
    void eachLineIsATextOfItsOwn() throws IOException {
        List<List<Entity>> entities;
        List<String> texts = List.of("Ada Lovelace met Charles Babbage", "", "in unfathomable London. ".repeat(30));
        try (TokenClassifier classifier = TokenClassifier.open(model)) {
            entities = classifier.entities(texts, Aggregation.SIMPLE, Budget.FULL);
        }
        assertThat(entities.get(0)).isNotEmpty();
        assertThat(entities.get(2)).isNotEmpty();
        String lines = String.join("\n", texts);
        assertThat(runOn(lines, "ner", "--lines", "--model", model))
                .as(err.toString())
                .isZero();
        assertThat(out.toString().lines().map(line -> line.substring(0, line.indexOf('\t', 2))))
                .containsExactlyElementsOf(IntStream.range(0, 3)
                        .boxed()
                        .flatMap(i -> entities.get(i).stream().map(entity -> (i + 1) + "\t" + entity.label()))
                        .toList());
        out.getBuffer().setLength(0);
        assertThat(runOn(lines, "ner", "--lines", "--json", "--model", model)).isZero();
        JsonNode last = line(entities.get(0).size() + entities.get(2).size() - 1);
        assertThat(last.get("line").asInt()).isEqualTo(3);
        assertThat(last.get("endChar").asInt())
                .isEqualTo(entities.get(2).getLast().endChar());
        assertThat(run("ner", "x", "--lines", "--model", model)).isEqualTo(2);
        assertThat(err.toString()).contains("--lines is for --file and stdin");
    }

    @Test
    void mistakesAreOneLine() throws IOException {
        assertThat(run("ner", "x")).isEqualTo(2);
        assertThat(err.toString())
                .startsWith(
                        "tokenwise ner: --model must name a token classifier's directory: none comes with the build");
        assertThat(run("ner", "x", "--model", "minilm")).isEqualTo(1);
        assertThat(err.toString()).contains("minilm: is a text encoder; a token classifier is wanted here");
        assertThat(run("ner", "x", "--file", "y", "--model", model)).isEqualTo(2);
        assertThat(err.toString()).contains("give a text or --file, not both");
        Path file = folder.resolve("bytes.txt");
        Files.write(file, new byte[] {'a', (byte) 0xff});
        assertThat(run("ner", "--file", file.toString(), "--model", model)).isEqualTo(1);
        assertThat(err.toString()).contains("bytes.txt: is not UTF-8");
    }
}
