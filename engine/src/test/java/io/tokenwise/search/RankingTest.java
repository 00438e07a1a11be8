package io.tokenwise.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RankingTest {
    private static Ranking of(String... documents) {
        var ranking = new Ranking(100);
        for (int i = 0; i < documents.length; i++) {
            ranking.offer(documents[i], 1.0 / (i + 1));
        }
        return ranking;
    }

    @Test
    void theBestAreKeptInOrderWhateverTheOrderOfOffers() {
        var ranking = new Ranking(3);
        List.of(0.3, 0.9, 0.1, 0.5, 0.7, 0.2).forEach(score -> ranking.offer("d" + score, score));
        assertThat(ranking.documents()).containsExactly("d0.9", "d0.7", "d0.5");
    }

    @Test
    void ofEqualScoresTheGreaterIdIsFirst() {
        var ranking = new Ranking(2);
        List.of("b", "d", "a", "c").forEach(id -> ranking.offer(id, 0.5));
        assertThat(ranking.documents()).containsExactly("d", "c");
    }

    @Test
    void ndcgOfAWorkedExample() {
        // Gains in the order found 3, 0, 1, 2; in the best order 3, 2, 1.
        // 3/1 + 0 + 1/2 + 2/log2(5) = 4.361353; 3/1 + 2/log2(3) + 1/2 = 4.761860.
        Map<String, Integer> gains = Map.of("a", 3, "b", 0, "c", 1, "d", 2);
        assertThat(of("a", "b", "c", "d").ndcg(gains, 10)).isCloseTo(4.361353 / 4.761860, within(1e-6));
        // The first two only: 3 of 3 + 2/log2(3) = 4.261860.
        assertThat(of("a", "b", "c", "d").ndcg(gains, 2)).isCloseTo(3 / 4.261860, within(1e-6));
    }

    @Test
    void whatIsNotFoundCountsInTheBestOrder() {
        // 1/log2(3) of 1 + 1/log2(3).
        assertThat(of("x", "a").ndcg(Map.of("a", 1, "missing", 1), 10)).isCloseTo(0.630930 / 1.630930, within(1e-6));
        assertThat(of("x", "a").recall(Map.of("a", 1, "missing", 1), 100)).isEqualTo(0.5);
    }

    @Test
    void ndcgEndsAtTenAndRecallAtAHundred() {
        String[] ids = IntStream.rangeClosed(1, 120).mapToObj(i -> "d" + i).toArray(String[]::new);
        Ranking ranking = of(ids);
        assertThat(ranking.ndcg(Map.of("d11", 1), 10)).isZero();
        assertThat(ranking.ndcg(Map.of("d10", 1), 10)).isCloseTo(1 / 3.459432, within(1e-6));
        assertThat(ranking.recall(Map.of("d100", 1, "d101", 1), 100)).isEqualTo(0.5);
    }

    @Test
    void gainsBelowOneAreNotRelevant() {
        assertThat(of("a").ndcg(Map.of("a", 0, "b", -1), 10)).isZero();
        assertThat(of("a").recall(Map.of("a", 0, "b", -1), 100)).isZero();
        assertThat(of("b", "a").ndcg(Map.of("a", 1, "b", -5), 10)).isCloseTo(0.630930, within(1e-6));
    }
}
