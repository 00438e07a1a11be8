package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.distill.FrequentWords;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.TextKind;
import io.tokenwise.model.open.Models;
import io.tokenwise.testdata.WordNet;
import io.tokenwise.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What models are given of which words or tokens are dropped, and the texts that they are timed by. */
class DroppedTest {
    private static Tokenizer tokenizer;

    @BeforeAll
    static void open() throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            tokenizer = minilm.tokenizer();
        }
    }

    /** What it is given is all that matters here. */
    private static final class Reader implements Embedder {
        @Override
        public String prefix(TextKind kind) {
            return kind == TextKind.QUERY ? "on: " : "";
        }

        @Override
        public int[] tokens(String prefix, String text) {
            return tokenizer.encode(prefix + text).ids();
        }

        @Override
        public float[][] encode(List<int[]> texts) {
            throw new UnsupportedOperationException("is not asked");
        }
    }

    private static int[] ids(String text) {
        return tokenizer.encode(text).ids();
    }

    @Test
    void theModelsOwnPrefixIsTaken() {
        var words = new WordsDropped(new Reader(), tokenizer, FrequentWords.of(List.of("the")), 0.5);
        assertThat(words.prefix(TextKind.QUERY)).isEqualTo("on: ");
        assertThat(new RandomTokensDropped(words, 0.5, 1).prefix(TextKind.QUERY))
                .isEqualTo("on: ");
        assertThat(words.prefix(TextKind.PASSAGE)).isEmpty();
    }

    @Test
    void wordsAreDroppedBeforeTheTokenizerButNotThePrefix() {
        var words = FrequentWords.of(List.of("the the the on on cat"));
        var dropped = new WordsDropped(new Reader(), tokenizer, words, 0.5);
        assertThat(dropped.tokens("on: ", "the hyperbolic cat sat on the mat on Monday"))
                .isEqualTo(ids("on: hyperbolic cat sat mat Monday"));
    }

    @Test
    void droppedWordsMakeNoRoomForWhatIsBeyondTheModelsLength() {
        String text = String.join(
                " ",
                IntStream.range(0, 400)
                        .mapToObj(i -> i % 2 == 0 ? "the" : "cat")
                        .toList());
        var dropped = new WordsDropped(new Reader(), tokenizer, FrequentWords.of(List.of("the")), 0.5);
        // Of 256 tokens two are special; of the 254 words that are read the half are cats.
        assertThat(dropped.tokens("", text)).hasSize(127 + 2);
    }

    @Test
    void randomTokensAreAsManyAsAskedForInTheirOrder() {
        String text = "seven little words are in this text";
        int[] all = ids(text);
        int[] kept = new RandomTokensDropped(new Reader(), 0.5, 1).tokens("", text);
        assertThat(kept).hasSize(2 + 4);
        assertThat(kept[0]).isEqualTo(all[0]);
        assertThat(kept[5]).isEqualTo(all[8]);
        int[] places = Arrays.stream(kept)
                .map(id -> Arrays.stream(all).boxed().toList().indexOf(id))
                .toArray();
        assertThat(places).isSorted().doesNotHaveDuplicates();
        assertThat(kept).isEqualTo(new RandomTokensDropped(new Reader(), 0.5, 1).tokens("", text));
        assertThat(IntStream.range(2, 9)
                        .mapToObj(seed -> new RandomTokensDropped(new Reader(), 0.5, seed).tokens("", text)))
                .anyMatch(others -> !Arrays.equals(others, kept));
    }

    @Test
    void timedTextsAreWholeWordsOfExactlySoManyTokens() throws IOException {
        WordNet wordNet = WordNet.load();
        for (String length : List.of("3", "16", "128", "256")) {
            TimedTexts timed = TimedTexts.of(length, wordNet, tokenizer);
            assertThat(timed.textsPerCall()).isEqualTo(1);
            assertThat(timed.calls().stream().flatMap(List::stream))
                    .hasSizeGreaterThanOrEqualTo(8)
                    .allSatisfy(text -> assertThat(ids(text)).hasSize(Integer.parseInt(length)));
        }
        assertThat(TimedTexts.of("bulk", wordNet, tokenizer).textsPerCall()).isEqualTo(64);
    }
}
