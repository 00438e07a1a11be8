package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.MaskFiller;
import io.tokenwise.testmodels.SmallTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code fill}, on a BERT with random weights and a head. */
class FillTest extends CommandTest {
    private static final String TEXT = "a [MASK] in the [MASK]";

    @TempDir
    private static Path folder;

    private static String model;

    @BeforeAll
    static void write() throws IOException {
        model = folder.resolve("words").toString();
        SmallTextModel.writeMaskedTokens(Path.of(model));
    }

    private static List<List<MaskFiller.Guess>> guesses() throws IOException {
        try (MaskFiller filler = MaskFiller.open(model)) {
            return filler.fill(TEXT, 3);
        }
    }

    @Test
    void theLikeliestTokensOfEachMask() throws IOException {
        List<List<MaskFiller.Guess>> guesses = guesses();
        assertThat(run("fill", TEXT, "--top", "3", "--model", model)).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(6);
        for (int i = 0; i < 6; i++) {
            String[] fields = lines.get(i).split("\t");
            assertThat(fields[0]).isEqualTo(Integer.toString(1 + i / 3));
            assertThat(fields[1]).isEqualTo(guesses.get(i / 3).get(i % 3).token());
        }
        out.getBuffer().setLength(0);
        assertThat(runOn(TEXT, "fill", "--json", "--top", "3", "--model", model))
                .isZero();
        assertThat(line(4).get("mask").asInt()).isEqualTo(2);
        assertThat(line(4).get("id").asInt()).isEqualTo(guesses.get(1).get(1).id());
        assertThat(line(4).get("probability").asDouble())
                .isEqualTo(guesses.get(1).get(1).probability());
    }

    @Test
    void atATerminalItSaysThatItWaitsForAText() {
        assertThat(runTyped("", "fill", TEXT, "--model", model)).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(runTyped(TEXT, "fill", "--model", model)).isZero();
        assertThat(err.toString().lines()).containsExactly("reads from the terminal: a text; Ctrl-D ends");
    }

    @Test
    void hiddenWordsThatAreNotReadAreCounted() {
        assertThat(run("fill", "a [MASK] ".repeat(30), "--top", "1", "--model", model))
                .isZero();
        assertThat(out.toString().lines()).hasSize(19);
        assertThat(err.toString().lines())
                .containsExactly("hidden words beyond the 40 tokens that the model reads: 11");
        err.getBuffer().setLength(0);
        assertThat(run("fill", TEXT, "--model", model)).isZero();
        assertThat(err.toString()).isEmpty();
    }

    /** As RoBERTa's tokenizers have it; others may be in the same text. */
    @Test
    void hiddenWordsAreCountedAsTheTokenizerSpellsThem(@TempDir Path other) throws IOException {
        SmallTextModel.writeMaskedTokens(other);
        Path tokenizer = other.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("[MASK]", "<mask>"));
        String text = "a <mask> ".repeat(25) + "b [MASK] ".repeat(5);
        assertThat(run("fill", text, "--top", "1", "--model", other.toString())).isZero();
        assertThat(out.toString().lines()).hasSize(19);
        assertThat(err.toString().lines())
                .containsExactly("hidden words beyond the 40 tokens that the model reads: 11");
    }

    @Test
    void mistakesAreOneLine() {
        assertThat(run("fill", "--file", folder.toString(), "--model", model)).isEqualTo(1);
        assertThat(err.toString()).contains("tokenwise fill: " + folder + ": is a directory, a file is needed");
        err.getBuffer().setLength(0);
        assertThat(run("fill", "nothing", "--model", model)).isEqualTo(1);
        assertThat(err.toString()).startsWith("tokenwise fill: a text has no [MASK] among the first 40 tokens");
        assertThat(run("fill", TEXT, "--top", "0", "--model", model)).isEqualTo(2);
        assertThat(err.toString()).contains("--top must be 1 or more, not 0");
        assertThat(run("fill", TEXT, "--model", "minilm")).isEqualTo(1);
        assertThat(err.toString()).contains("minilm: is a text encoder without a masked-LM head");
    }
}
