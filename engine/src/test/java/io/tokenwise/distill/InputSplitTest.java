package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class InputSplitTest {
    private static List<int[]> different(int texts) {
        return IntStream.range(0, texts).mapToObj(i -> new int[] {1, i, 2}).toList();
    }

    @Test
    void aTenthIsHeldOutAtMost500() {
        InputSplit some = InputSplit.of(different(200), TestModels.DESCRIPTION);
        assertThat(some.heldOut()).hasSize(20);
        assertThat(some.trained()).hasSize(180);
        assertThat(some.trainedTokens()).isEqualTo(540);
        assertThat(InputSplit.of(different(9_000), TestModels.DESCRIPTION).heldOut())
                .hasSize(500);
    }

    @Test
    void ofLongTextsFewerAreHeldOut() {
        List<int[]> texts = IntStream.range(0, 1000)
                .mapToObj(i -> IntStream.range(i, i + 300).toArray())
                .toList();
        assertThat(InputSplit.of(texts, TestModels.DESCRIPTION).heldOut().size())
                .isEqualTo(66);
        assertThat(InputSplit.of(texts, TestModels.DESCRIPTION).trained().size())
                .isEqualTo(934);
    }

    @Test
    void aTextThatIsRepeatedIsOnOneSide() {
        var texts = new ArrayList<>(different(100));
        texts.addAll(different(100));
        InputSplit split = InputSplit.of(texts, TestModels.DESCRIPTION);
        assertThat(split.heldOut()).hasSize(10);
        assertThat(split.trained()).hasSize(180);
        assertThat(split.trained()).noneMatch(text -> split.heldOut().stream().anyMatch(held -> held[1] == text[1]));
    }

    @Test
    void tooFewDifferentTextsAreRefused() {
        assertThatThrownBy(() -> InputSplit.of(List.of(), TestModels.DESCRIPTION))
                .hasMessage(
                        "there are 0 texts to train on; at least 20 different ones are needed, and thousands are better");
        var same = new ArrayList<int[]>();
        IntStream.range(0, 1000).forEach(i -> same.add(new int[] {1, 7, 2}));
        assertThatThrownBy(() -> InputSplit.of(same, TestModels.DESCRIPTION))
                .hasMessageStartingWith(
                        "there are 1 different ones among 1000 texts to train on; at least 20 different");
    }
}
