package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.tokenwise.io.LineFile;
import io.tokenwise.search.BeirFolder;
import io.tokenwise.search.BeirFolder.Document;
import io.tokenwise.search.BeirFolder.Query;
import io.tokenwise.testdata.SharedData;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BeirFolderTest {
    private static final String QRELS_HEADER = "query-id\tcorpus-id\tscore\n";

    @TempDir
    Path folder;

    static Path sample() {
        try {
            return Path.of(BeirFolderTest.class.getResource("beir").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @BeforeEach
    void copySample() throws IOException {
        Files.createDirectory(folder.resolve("qrels"));
        for (String name : new String[] {"corpus.jsonl", "queries.jsonl", "qrels/test.tsv"}) {
            Files.copy(sample().resolve(name), folder.resolve(name));
        }
    }

    @Test
    void documentsAreTitleAndTextAndOnlyJudgedQueriesAreAsked() throws IOException {
        BeirFolder beir = BeirFolder.open(folder, "test");
        assertThat(beir.queries())
                .containsExactly(
                        new Query("q1", "the cat sat on the mat", Map.of("a", 1, "b", 3)),
                        new Query("q2", "stock prices went down", Map.of("c", 2, "d", 2)),
                        new Query("q4", "a frozen river", Map.of("5", 0)));
        assertThat(beir.documents()).isEqualTo(5);
        try (var documents = beir.read()) {
            assertThat(documents.next(2))
                    .containsExactly(
                            new Document("a", "the cat sat on the mat"),
                            new Document("b", "A cat is sitting on a rug."));
            assertThat(documents.next(9))
                    .containsExactly(
                            new Document("c", "Stocks fell sharply on Monday."),
                            new Document("d", "Shares dropped at the start of the week."),
                            new Document("5", "The river is frozen."));
            assertThat(documents.next(9)).isEmpty();
        }
    }

    /** In the files ~ stands for a line's end and a | for a tab. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '^',
            quoteCharacter = '`',
            value = {
                "corpus.jsonl^``^corpus.jsonl: is empty; expected a JSON object with _id and text a line",
                "corpus.jsonl^~~^corpus.jsonl: is empty",
                "corpus.jsonl^{\"_id\": \"a\", \"text\": \"x\"}~{\"_id\": ^corpus.jsonl:2: is not valid JSON: ",
                "corpus.jsonl^{\"_id\": \"a\", \"_id\": \"b\", \"text\": \"x\"}^corpus.jsonl:1: is not valid JSON: Duplicate",
                "corpus.jsonl^~[1]^corpus.jsonl:2: must be a JSON object",
                "corpus.jsonl^{\"_id\": \"a\"}^corpus.jsonl:1: has no field text",
                "corpus.jsonl^{\"_id\": \"a\", \"text\": 7}^corpus.jsonl:1: the field text is not a string",
                "corpus.jsonl^{\"_id\": \"a\", \"title\": 7, \"text\": \"x\"}"
                        + "^corpus.jsonl:1: the field title is not a string",
                "corpus.jsonl^{\"_id\": \"\", \"text\": \"x\"}^corpus.jsonl:1: the field _id is empty",
                "corpus.jsonl^{\"_id\": 1.5, \"text\": \"x\"}^corpus.jsonl:1: the field _id is not a string",
                "corpus.jsonl^{\"_id\": \"a\", \"text\": \"\"}~{\"_id\": \"a\", \"text\": \"\"}"
                        + "^corpus.jsonl:2: the _id a was there before",
                "corpus.jsonl^{\"_id\": \"a\", \"text\": \"x\"}^qrels/test.tsv:3: corpus-id b is not in corpus.jsonl",
                "corpus.jsonl^{\"_id\": \"a\", \"text\": \"\u00ff\"}^corpus.jsonl:1: is not valid UTF-8",
                "queries.jsonl^``^qrels/test.tsv:2: query-id q1 is not in queries.jsonl",
                "queries.jsonl^{\"_id\": \"q1\", \"text\": \"\"}~~{\"_id\": \"q1\", \"text\": \"\"}"
                        + "^queries.jsonl:3: the _id q1 was there before",
                "queries.jsonl^nonsense^queries.jsonl:1: is not valid JSON: ",
                "qrels/test.tsv^q1|a|1^qrels/test.tsv:1: must be the header query-id, corpus-id, score, with tabs between",
                "qrels/test.tsv^``^qrels/test.tsv: is empty",
                "qrels/test.tsv^query-id|corpus-id|score~^qrels/test.tsv: judges nothing",
                "qrels/test.tsv^query-id|corpus-id|score~q1|a^qrels/test.tsv:2: has 2 columns; expected query-id",
                "qrels/test.tsv^query-id|corpus-id|score~q1|a|much^qrels/test.tsv:2: the score 'much' is not a whole",
                "qrels/test.tsv^query-id|corpus-id|score~q1|a|1~q1|a|2^qrels/test.tsv:3: judges query q1 and document a"
                        + " again",
            })
    void aBadFileIsOneLineThatSaysWhereAndWhat(String name, String content, String message) throws IOException {
        String text = content.replace('~', '\n').replace('|', '\t');
        Files.write(folder.resolve(name), text.getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> BeirFolder.open(folder, "test"))
                .hasMessageStartingWith(folder + "/" + message)
                .message()
                .hasLineCount(1);
    }

    @Test
    void cranfieldIsReadWhole() throws IOException {
        SharedData data = SharedData.find();
        assumeThat(data.cranfield())
                .as("Cranfield is not here: no shared/data, and no -D" + SharedData.PROPERTY)
                .isPresent();
        BeirFolder beir = BeirFolder.open(data.cranfield().get(), "test");
        assertThat(beir.documents()).isEqualTo(1_400);
        assertThat(beir.queries()).hasSize(225);
    }

    @Test
    void aLineThatIsTooLongIsNotRead() throws IOException {
        Files.writeString(folder.resolve("corpus.jsonl"), "\n" + "x".repeat(LineFile.MOST_BYTES + 1));
        assertThatThrownBy(() -> BeirFolder.open(folder, "test"))
                .hasMessage(folder + "/corpus.jsonl:2: is longer than " + LineFile.MOST_BYTES + " bytes");
    }

    @Test
    void aMissingFileIsNamed() throws IOException {
        String layout = "; a folder of BEIR has corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv";
        Files.writeString(folder.resolve("qrels/dev.tsv"), QRELS_HEADER);
        assertThatThrownBy(() -> BeirFolder.open(folder, "train"))
                .hasMessage(folder + ": has no qrels/train.tsv (there is --split dev, --split test)" + layout);
        Files.delete(folder.resolve("queries.jsonl"));
        assertThatThrownBy(() -> BeirFolder.open(folder, "test"))
                .hasMessage(folder + ": has no queries.jsonl" + layout);
        assertThatThrownBy(() -> BeirFolder.open(folder.resolve("none"), "test"))
                .hasMessage(folder + "/none: no such folder" + layout);
        assertThatThrownBy(() -> BeirFolder.open(folder.resolve("corpus.jsonl"), "test"))
                .hasMessage(folder + "/corpus.jsonl: is not a folder" + layout);
    }
}
