package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.InputKind;
import io.tokenwise.model.VectorStep;
import io.tokenwise.nn.VectorLength;
import io.tokenwise.session.Given;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Texts of more tokens than MiniLM reads, split as LangChain4j's in-process models do it: by the formula of its {@code OnnxBertBiEncoder}, written out here. */
class LongTextsTest {
    private static TextEncoder encoder;
    private static String text;

    @BeforeAll
    static void open() throws IOException {
        encoder = TextEncoder.open("minilm-acm", EngineOptions.defaults().withBackend(BackendChoice.FLOAT32));
        text = String.join(" ", WordNet.load().examples().subList(0, 170));
        assertThat(encoder.countTokens(text)).isBetween(700, 3_000);
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static Embedding split(String text) {
        return encoder.embed(EmbedRequest.of(text).withLongTexts(LongTexts.SPLIT))
                .getFirst();
    }

    /** At most 510 tokens without special ones, and no word is cut. */
    private static List<int[]> partsOfThePeer(String text) {
        Tokenizer tokenizer = encoder.model().files().tokenizer();
        int[] ids = tokenizer.encodeAll(text);
        List<String> words = tokenizer.tokens(ids);
        var parts = new ArrayList<int[]>();
        for (int from = 0; from < ids.length; ) {
            int to = from + 510;
            if (to >= ids.length) {
                to = ids.length;
            } else {
                while (words.get(to).startsWith("##")) {
                    to--;
                }
            }
            parts.add(Arrays.copyOfRange(ids, from, to));
            from = to;
        }
        return parts;
    }

    @Test
    void aPromptThatLeavesNoRoomForATextIsRefused() {
        Tokenizer tokenizer = encoder.model().files().tokenizer();
        assertThat(TextParts.of("word ".repeat(509), text, tokenizer, 512).parts())
                .allMatch(part -> part.length == 512);
        assertThatThrownBy(() -> TextParts.of("word ".repeat(510), text, tokenizer, 512))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "what is put before a text has 510 tokens, which leaves no room for a part of it: a part has"
                                + " 512 at most, with 2 marks");
    }

    @Test
    void theVectorIsThatOfThePeer() {
        List<int[]> parts = partsOfThePeer(text);
        assertThat(parts).hasSizeGreaterThan(1);
        Tokenizer tokenizer = encoder.model().files().tokenizer();
        float[][] pooled = encoder.model()
                .encode(
                        parts.stream().map(tokenizer::surrounded).toList(),
                        Collections.nCopies(parts.size(), Budget.FULL),
                        VectorLength.POOLED,
                        Given.each(InputKind.TEXT, parts.size()),
                        Deadline.NONE);
        var expected = new double[encoder.dimensions()];
        for (int part = 0; part < pooled.length; part++) {
            for (int i = 0; i < expected.length; i++) {
                expected[i] += parts.get(part).length * (double) pooled[part][i];
            }
        }
        double norm =
                Math.sqrt(Arrays.stream(expected).map(value -> value * value).sum());
        Embedding found = split(text);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found.vector()[i]).isCloseTo((float) (expected[i] / norm), within(1e-6f));
        }
        assertThat(found.tokens()).isEqualTo(encoder.countTokens(text));
        assertThat(found.truncated()).isFalse();
        assertThat(found.spent()).isEqualTo(Spent.ALL);
    }

    @Test
    void shortTextsAreAsWithoutSplitting() {
        for (String some : List.of("", "a short text", "word ".repeat(200))) {
            assertThat(split(some).vector()).isEqualTo(encoder.embed(some).vector());
            assertThat(split(some).tokens()).isEqualTo(encoder.embed(some).tokens());
        }
    }

    /** Shorter than the model has positions for, longer than it reads of a text that is cut. */
    @Test
    void aTextThatFitsOnePartIsReadWhole() {
        String some = "word ".repeat(400);
        Embedding whole = split(some);
        assertThat(whole.tokens()).isEqualTo(402);
        assertThat(whole.vector()).isNotEqualTo(encoder.embed(some).vector());
    }

    @Test
    void partsHaveTheBudgetOfTheirText() {
        EmbedRequest request = EmbedRequest.of(List.of(text, "short", text))
                .withBudgets(List.of(Budget.of(0.5), Budget.FULL, Budget.FULL))
                .withLongTexts(LongTexts.SPLIT);
        List<Embedding> found = encoder.embed(request);
        assertThat(found.get(0).spent().time()).isBetween(0.2, 0.55);
        assertThat(found.get(0).cosine(found.get(2))).isBetween(0.8, 0.9999);
        assertThat(found.get(1).vector()).isEqualTo(encoder.embed("short").vector());
        assertThat(found.get(2).vector()).isEqualTo(split(text).vector());
    }

    /** Of over 100 characters it is unknown as a whole. */
    @Test
    void aWordWithoutEndIsOneToken() {
        assertThat(split("ab1".repeat(60) + " " + "😀".repeat(10_000)).tokens()).isEqualTo(4);
        assertThat(split("x".repeat(50_000)).vector()).doesNotContain(Float.NaN);
    }

    @Test
    void aWordOfMoreTokensThanAPartIsCut() {
        Tokenizer tokenizer = encoder.model().files().tokenizer();
        String word = "q7w2e3r4t5".repeat(4);
        int[] ids = tokenizer.encodeAll("a " + word);
        assertThat(ids).hasSizeGreaterThan(12);
        TextParts parts = TextParts.of("", "a " + word, tokenizer, 6);
        assertThat(parts.weights()).startsWith(1, 4, 4);
        assertThat(parts.parts().stream()
                        .flatMapToInt(part -> Arrays.stream(part, 1, part.length - 1))
                        .toArray())
                .isEqualTo(ids);
    }

    /** As the model leaves them, where other numbers would be none. */
    @Test
    void aMeanOfZerosStaysZero() {
        assertThat(VectorStep.Normalize.scaled(0, 0)).containsExactly(0, 0);
        assertThat(VectorStep.Normalize.scaled(3, -4)).containsExactly(0.6f, -0.8f);
    }

    @Test
    void eachPartBeginsWithThePrefix() {
        Tokenizer tokenizer = encoder.model().files().tokenizer();
        TextParts parts = TextParts.of("query: ", "word ".repeat(100), tokenizer, 44);
        int[] prefix = tokenizer.encodeAll("query: ");
        assertThat(prefix).hasSize(2);
        assertThat(parts.parts()).hasSize(3);
        assertThat(parts.weights()).containsExactly(40, 40, 20);
        assertThat(parts.parts())
                .allSatisfy(
                        part -> assertThat(part).hasSizeLessThanOrEqualTo(44).startsWith(101, prefix[0], prefix[1]));
        assertThat(parts.tokens()).isEqualTo(104);
    }
}
