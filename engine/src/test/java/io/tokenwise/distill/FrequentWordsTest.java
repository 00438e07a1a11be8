package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FrequentWordsTest {
    private static final FrequentWords WORDS =
            FrequentWords.of(List.of("The cat sat on the mat.", "the dog sat,  (the) end", "a cat"));

    private static String kept(String text, double keep) {
        List<String> words = FrequentWords.words(text);
        return Arrays.stream(WORDS.places(words, keep)).mapToObj(words::get).collect(Collectors.joining(" "));
    }

    @Test
    void countsWholeWordsWhateverTheirCaseAndMarks() {
        assertThat(WORDS.count("THE")).isEqualTo(4);
        assertThat(WORDS.count("\"cat\"!")).isEqualTo(2);
        assertThat(WORDS.count("mat")).isEqualTo(1);
        assertThat(WORDS.count("at")).isZero();
        assertThat(WORDS.size()).isEqualTo(8);
    }

    @Test
    void theMostFrequentLeaveFirstAndTheOrderStays() {
        String text = "The zebra, on the cat, sat.";
        assertThat(kept(text, 1)).isEqualTo("The zebra, on the cat, sat.");
        assertThat(kept(text, 0.7)).isEqualTo("zebra, on cat, sat.");
        assertThat(kept(text, 0.5)).isEqualTo("zebra, on cat,");
        assertThat(kept(text, 0.35)).isEqualTo("zebra, on");
    }

    @Test
    void ofEquallyFrequentWordsTheFirstStay() {
        assertThat(kept("x1 x2 x3 x4", 0.5)).isEqualTo("x1 x2");
    }

    @Test
    void marksThatStandAloneLeaveBeforeAllWords() {
        assertThat(kept("the - end", 0.67)).isEqualTo("the end");
    }

    @Test
    void oneWordStays() {
        assertThat(kept("the cat", 0.01)).isEqualTo("cat");
        assertThat(kept("the", 0.35)).isEqualTo("the");
        assertThat(kept("  ", 0.35)).isEmpty();
    }
}
