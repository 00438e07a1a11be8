package io.tokenwise.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaskedTextTest {
    private static final int MASK = 103;

    /** Tokens 1000, 1001 and so on between 101 and 102. */
    private static int[] text(int tokens) {
        return IntStream.concat(
                        IntStream.of(101), IntStream.concat(IntStream.range(1000, 1000 + tokens), IntStream.of(102)))
                .toArray();
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 1", "9, 1", "10, 2", "20, 3", "100, 15"})
    void aSeventhIsHiddenAndAtLeastOne(int tokens, int count) {
        int[] ids = text(tokens);
        MaskedText masked = MaskedText.of(ids, MASK, new SplittableRandom(1)).orElseThrow();
        assertThat(masked.places()).hasSize(count).isSorted().doesNotHaveDuplicates();
        assertThat(Arrays.stream(masked.ids()).filter(id -> id == MASK)).hasSize(count);
        int[] restored = masked.ids();
        for (int i = 0; i < count; i++) {
            assertThat(restored[masked.places()[i]]).isEqualTo(MASK);
            restored[masked.places()[i]] = masked.hidden()[i];
        }
        assertThat(restored).containsExactly(ids);
    }

    @Test
    void theSeedDecidesAndEveryTokenHasItsTurn() {
        Set<Integer> places = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            MaskedText once =
                    MaskedText.of(text(10), MASK, new SplittableRandom(seed)).orElseThrow();
            MaskedText again =
                    MaskedText.of(text(10), MASK, new SplittableRandom(seed)).orElseThrow();
            assertThat(once.places()).containsExactly(again.places());
            Arrays.stream(once.places()).forEach(places::add);
        }
        assertThat(places).containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    }

    @Test
    void whatIsMaskedAlreadyIsNotGuessed() {
        assertThat(MaskedText.of(new int[] {101, 102}, MASK, new SplittableRandom(1)))
                .isEmpty();
        assertThat(MaskedText.of(new int[] {101, MASK, 102}, MASK, new SplittableRandom(1)))
                .isEmpty();
        assertThat(MaskedText.of(new int[] {101, MASK, 7, 102}, MASK, new SplittableRandom(1))
                        .orElseThrow()
                        .places())
                .containsExactly(2);
    }
}
