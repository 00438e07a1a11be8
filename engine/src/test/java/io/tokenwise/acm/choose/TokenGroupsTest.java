package io.tokenwise.acm.choose;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class TokenGroupsTest {
    record Counts(int learners, List<Integer> byToken) {}

    @Provide
    Arbitrary<Counts> counts() {
        return Arbitraries.integers()
                .between(1, 16)
                .flatMap(learners -> Arbitraries.integers()
                        .between(0, learners)
                        .list()
                        .ofMaxSize(200)
                        .map(byToken -> new Counts(learners, byToken)));
    }

    private static void sort(TokenGroups groups, Counts counts) {
        int[] learners = groups.begin(counts.byToken().size());
        for (int i = 0; i < counts.byToken().size(); i++) {
            learners[i] = counts.byToken().get(i);
        }
        groups.sort(counts.learners());
    }

    private static List<Integer> order(TokenGroups groups, Counts counts) {
        return Arrays.stream(groups.order(), 0, counts.byToken().size()).boxed().toList();
    }

    @Property
    void orderIsAPermutation(@ForAll("counts") Counts counts) {
        var groups = new TokenGroups();
        sort(groups, counts);
        assertThat(order(groups, counts))
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, counts.byToken().size()).boxed().toList());
    }

    @Property
    void tokensWithMoreLearnersComeFirstAndEqualOnesKeepTheirOrder(@ForAll("counts") Counts counts) {
        var groups = new TokenGroups();
        sort(groups, counts);
        List<Integer> expected = new ArrayList<>(
                IntStream.range(0, counts.byToken().size()).boxed().toList());
        expected.sort((a, b) -> counts.byToken().get(b) - counts.byToken().get(a));
        assertThat(order(groups, counts)).isEqualTo(expected);
    }

    @Property
    void learnerRunsForThoseThatUseMoreThanItsNumber(@ForAll("counts") Counts counts) {
        var groups = new TokenGroups();
        sort(groups, counts);
        for (int n = 0; n <= counts.learners(); n++) {
            int learner = n;
            assertThat(groups.using(n, counts.learners())).isEqualTo((int)
                    counts.byToken().stream().filter(k -> k > learner).count());
        }
    }

    @Property
    void resultDoesNotDependOnWhatWasSortedBefore(@ForAll("counts") Counts before, @ForAll("counts") Counts counts) {
        var used = new TokenGroups();
        sort(used, before);
        sort(used, counts);
        var fresh = new TokenGroups();
        sort(fresh, counts);
        assertThat(order(used, counts)).isEqualTo(order(fresh, counts));
        for (int n = 0; n < counts.learners(); n++) {
            assertThat(used.using(n, counts.learners())).isEqualTo(fresh.using(n, counts.learners()));
        }
    }
}
