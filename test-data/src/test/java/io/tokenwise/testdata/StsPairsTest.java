package io.tokenwise.testdata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.testdata.StsPairs.Pair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StsPairsTest {
    @TempDir
    Path temp;

    private Path file(String text) throws IOException {
        return Files.write(temp.resolve("pairs.csv"), text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void quotesCommasAndLineBreaksBelongToTheText() throws IOException {
        assertThat(StsPairs.read(file("a b,c,5\n\"x, \"\"y\"\"\nz\",,0.25\r\n\n")))
                .containsExactly(new Pair("a b", "c", 5), new Pair("x, \"y\"\nz", "", 0.25));
    }

    @Test
    void aByteOrderMarkIsNoPartOfTheFirstText() throws IOException {
        Path marked = Files.writeString(temp.resolve("marked.csv"), "\ufeffa,b,1\n\ufeffc,d,2\n");
        assertThat(StsPairs.read(marked)).containsExactly(new Pair("a", "b", 1), new Pair("\ufeffc", "d", 2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a,b,1~a,b~|pairs.csv:2: has 2 columns; expected sentence1,sentence2,score",
                "a,b,1~a,b,1,c~|pairs.csv:2: has 4 columns; expected sentence1,sentence2,score",
                "sentence1,sentence2,score~a,b,1~|pairs.csv:1: the score 'score' is not a number",
                "'\"a~b\",b,1~c,d,x~'|pairs.csv:3: the score 'x' is not a number",
                "a,b,NaN~|pairs.csv:1: the score 'NaN' is not a number",
                "a,b,1e999~|pairs.csv:1: the score '1e999' is not a number",
                "a,b,~|pairs.csv:1: the score '' is not a number",
                "'~'|pairs.csv: is empty; expected lines of sentence1,sentence2,score",
                "a,b\u00ff,1~|pairs.csv: is not UTF-8",
                "'a,b,1~\"never closed,b,1~'|pairs.csv: is not CSV"
            })
    void badFileIsOneLineThatSaysWhereAndWhat(String text, String message) throws IOException {
        Path path = file(text.replace('~', '\n'));
        assertThatThrownBy(() -> StsPairs.read(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void aDirectoryIsNamed(@TempDir Path folder) {
        assertThatThrownBy(() -> StsPairs.read(folder)).hasMessage(folder + ": is a directory, a file is needed");
    }

    @Test
    void stsbIsReadWhole() throws IOException {
        SharedData data = SharedData.find();
        assumeThat(data.stsbDev())
                .as("STS-B is not here: no shared/data, and no -D" + SharedData.PROPERTY)
                .isPresent();
        assertThat(StsPairs.read(data.stsbDev().get())).hasSize(1_500);
        assertThat(StsPairs.read(data.stsbTrain().get())).hasSize(5_749);
    }

    @Test
    void dataFolderIsFoundFromBelowAndMayBeAbsent() throws IOException {
        Path dev = temp.resolve("shared/data/stsb/dev.csv");
        Files.createDirectories(dev.getParent());
        Files.createFile(dev);
        Path below = Files.createDirectories(temp.resolve("project/module"));
        assertThat(SharedData.above(below).stsbDev()).contains(dev);
        assertThat(SharedData.above(below).cranfield()).isEmpty();
        assertThat(SharedData.in(temp.resolve("none")).stsbDev()).isEmpty();
    }
}
