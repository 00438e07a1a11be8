package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class WordErrorRateTest {
    @Provide
    Arbitrary<List<String>> words() {
        return Arbitraries.of("a", "b", "c").list().ofMaxSize(7);
    }

    @Test
    void handComputed() {
        assertThat(WordErrorRate.of("the cat sat on the mat", "the cat sat on the mat"))
                .isEqualTo(new WordErrorRate(6, 0, 0, 0));
        assertThat(WordErrorRate.of("the cat sat on the mat", "the hat sat the mat now"))
                .isEqualTo(new WordErrorRate(6, 1, 1, 1));
        assertThat(WordErrorRate.of("one two three", "")).isEqualTo(new WordErrorRate(3, 0, 3, 0));
        assertThat(WordErrorRate.of("", "one two")).isEqualTo(new WordErrorRate(0, 0, 0, 2));
        assertThat(WordErrorRate.of("Call 21, please.", "call twenty-one please"))
                .isEqualTo(new WordErrorRate(4, 0, 0, 0));
    }

    @Test
    void ofEquallyGoodAlignmentsTheOneWithMostSubstitutions() {
        // Also: delete a, insert c.
        assertThat(WordErrorRate.of("a b", "b c")).isEqualTo(new WordErrorRate(2, 2, 0, 0));
    }

    @Test
    void ofManyTextsEachWordCountsTheSame() {
        WordErrorRate sum = WordErrorRate.NONE
                .plus(WordErrorRate.of("a", "b"))
                .plus(WordErrorRate.of("a b c d e f g", "a b c d e f"));
        assertThat(sum).isEqualTo(new WordErrorRate(8, 1, 1, 0));
        assertThat(sum.rate()).isCloseTo(.25, within(1e-12));
        assertThat(WordErrorRate.of("a", "b c d").rate()).isEqualTo(3);
        assertThat(WordErrorRate.NONE.rate()).isNaN();
    }

    @Property
    void errorsAreTheFewestEdits(@ForAll("words") List<String> said, @ForAll("words") List<String> heard) {
        WordErrorRate rate = WordErrorRate.of(said, heard);
        assertThat(rate.errors()).isEqualTo(edits(said, heard));
        assertThat(rate.insertions() - rate.deletions()).isEqualTo(heard.size() - said.size());
        assertThat(rate.substitutions() + rate.deletions()).isBetween(0L, (long) said.size());
        WordErrorRate other = WordErrorRate.of(heard, said);
        assertThat(other)
                .isEqualTo(new WordErrorRate(heard.size(), rate.substitutions(), rate.insertions(), rate.deletions()));
    }

    /** The definition, without a table. */
    private static long edits(List<String> said, List<String> heard) {
        if (said.isEmpty() || heard.isEmpty()) {
            return said.size() + heard.size();
        }
        List<String> saidRest = said.subList(1, said.size());
        List<String> heardRest = heard.subList(1, heard.size());
        if (said.getFirst().equals(heard.getFirst())) {
            return edits(saidRest, heardRest);
        }
        return 1
                + Stream.of(edits(saidRest, heardRest), edits(saidRest, heard), edits(said, heardRest))
                        .min(Long::compare)
                        .get();
    }

    @Test
    void textsOfHours() {
        List<String> said = Collections.nCopies(5_000, "a");
        String[] heard = said.toArray(String[]::new);
        Arrays.fill(heard, 100, 200, "b");
        assertThat(WordErrorRate.of(said, List.of(heard))).isEqualTo(new WordErrorRate(5_000, 100, 0, 0));
    }

    @Test
    void charactersAreThoseOfTheSpokenWords() {
        assertThat(WordErrorRate.ofCharacters("Two, four!", "to for")).isEqualTo(new WordErrorRate(8, 0, 2, 0));
        assertThat(WordErrorRate.ofCharacters("9", "nine")).isEqualTo(new WordErrorRate(4, 0, 0, 0));
        assertThat(WordErrorRate.ofCharacters("six", "")).isEqualTo(new WordErrorRate(3, 0, 3, 0));
    }
}
