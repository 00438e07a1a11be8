package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledTextsTest {
    @TempDir
    Path folder;

    /** In the content ~ stands for a line's end and a | for a tab. */
    private Path file(String name, String content) throws IOException {
        String text = content.replace('~', '\n').replace('|', '\t');
        return Files.write(folder.resolve(name), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "A.CSV^label,id,text~pos,1,\"\"\"good\"\", really\"~ neg ,2,bad~",
                "a.csv^label,id,text~pos,1,\"\"\"good\"\", really\"~ neg ,2,bad~",
                // Quotes are characters like others there.
                "a.tsv^text|label~\"good\", really|pos~bad| neg~",
                "a.jsonl^{\"text\":\"\\\"good\\\", really\",\"label\":\"pos\"}~~{\"label\":\"neg\",\"text\":\"bad\",\"id\":2}"
            })
    void textsAndLabelsInTheirOrder(String name, String content) throws IOException {
        LabelledTexts texts = LabelledTexts.read(file(name, content), "text", "label");
        assertThat(texts.texts()).containsExactly("\"good\", really", "bad");
        assertThat(texts.labels()).containsExactly("pos", "neg");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {"a.csv^\"text\",label~x,a~", "a.tsv^text|label~x|a~", "a.jsonl^{\"text\":\"x\",\"label\":\"a\"}"})
    void aByteOrderMarkIsNoPartOfTheText(String name, String content) throws IOException {
        LabelledTexts texts = LabelledTexts.read(file(name, "\u00ef\u00bb\u00bf" + content), "text", "label");
        assertThat(texts.texts()).containsExactly("x");
        assertThat(texts.labels()).containsExactly("a");
    }

    /** Cut so early that not even the header can be read, and so late that some rows can. */
    @ParameterizedTest
    @CsvSource({"csv, 12", "csv, 3000", "tsv, 12", "jsonl, 3000"})
    void aDamagedArchiveIsNamed(String ending, int length) throws IOException {
        var packed = new ByteArrayOutputStream();
        try (var stream = new GZIPOutputStream(packed)) {
            var random = new Random(1);
            stream.write("text,label\n".getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < 1000; i++) {
                stream.write((random.nextLong() + ",a\n").getBytes(StandardCharsets.UTF_8));
            }
        }
        Path file = Files.write(folder.resolve("a." + ending + ".gz"), Arrays.copyOf(packed.toByteArray(), length));
        assertThatThrownBy(() -> FieldFile.read(file, _ -> {}))
                .hasMessageStartingWith(file + (ending.equals("jsonl") ? ":1: is not valid JSON" : ": is damaged: "));
    }

    @Test
    void aQuotedFieldMayHaveSeveralLines() throws IOException {
        LabelledTexts texts = LabelledTexts.read(file("a.csv", "text,label~\"x~y\",a~z,b~"), "text", "label");
        assertThat(texts.texts()).containsExactly("x\ny", "z");
        assertThat(texts.lines()).containsExactly(2L, 4L);
    }

    @Test
    void otherNamesAndNumbersAsLabels() throws IOException {
        var texts = LabelledTexts.read(
                file("a.jsonl", "{\"body\":\"x\",\"stars\":5}~{\"body\":\"\",\"stars\":1}"), "body", "stars");
        assertThat(texts.texts()).containsExactly("x", "");
        assertThat(texts.labels()).containsExactly("5", "1");
        assertThat(texts.lines()).isEqualTo(List.of(1L, 2L));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "a.txt^x^a.txt: the name must end with .csv, .tsv or .jsonl, which says how to read it",
                "a.csv^``^a.csv: has no texts",
                "a.csv^text,label~^a.csv: has no texts",
                "a.csv^text,class~x,y~^a.csv:1: the header has no column label, but text, class",
                "a.csv^text,label~\"x~y\",a~z~^a.csv:4: has 1 columns, the header has 2",
                "a.csv^text,label~x, ~^a.csv:2: the label is empty",
                "a.csv^text,label~\"x,a~^a.csv: is not CSV: ",
                "a.csv^text,label~\u00ff,a~^a.csv:2: is not valid UTF-8; convert",
                "a.tsv^body|label~x|y~^a.tsv:1: the header has no column text, but body, label",
                "a.tsv^text|label~~x~^a.tsv:3: has 1 columns, the header has 2",
                "a.tsv^text|label~\u00ff|a~^a.tsv:2: is not valid UTF-8",
                "a.jsonl^{\"text\":\"x\"}^a.jsonl:1: has no field label",
                "a.jsonl^{\"text\":\"x\",\"label\":\"\"}^a.jsonl:1: the field label is empty",
                "a.jsonl^{\"text\":\"x\",\"label\":null}^a.jsonl:1: the field label is not a string",
                "a.jsonl^~{^a.jsonl:2: is not valid JSON: ",
            })
    void aBadFileIsOneLineThatSaysWhereAndWhat(String name, String content, String message) throws IOException {
        Path file = file(name, content);
        assertThatThrownBy(() -> LabelledTexts.read(file, "text", "label"))
                .hasMessageStartingWith(folder + "/" + message)
                .message()
                .hasLineCount(1);
    }
}
