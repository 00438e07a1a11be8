package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.Routing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;

class CpuRoutingTest {
    private static final VectorBackend BACKEND = VectorBackend.open(1);

    record Counts(int learners, List<Integer> byRow) {
        /** Rows that fit, those with most learners first, equal ones as they were. */
        List<Integer> inOrder(int least, int most) {
            var rows = new ArrayList<>(IntStream.range(0, byRow.size()).boxed().toList());
            rows.removeIf(row -> byRow.get(row) < least || byRow.get(row) > most);
            rows.sort((a, b) -> byRow.get(b) - byRow.get(a));
            return rows;
        }
    }

    @AfterContainer
    static void close() {
        BACKEND.close();
    }

    @Provide
    Arbitrary<Counts> counts() {
        return Arbitraries.integers()
                .between(1, 16)
                .flatMap(learners -> Arbitraries.integers()
                        .between(0, learners)
                        .list()
                        .ofMaxSize(200)
                        .map(byRow -> new Counts(learners, byRow)));
    }

    private static void route(Routing routing, Counts counts) {
        routing.begin(counts.byRow().size(), counts.learners());
        for (int row = 0; row < counts.byRow().size(); row++) {
            routing.give(row, 1, counts.byRow().get(row));
        }
        routing.sort();
    }

    private static List<Integer> rows(CpuRows rows) {
        return Arrays.stream(rows.order(), rows.from(), rows.to()).boxed().toList();
    }

    private static void check(Routing routed, Counts counts) {
        CpuRouting routing = CpuRouting.of(routed);
        int learners = counts.learners();
        CpuRows whole = routing.whole();
        assertThat(rows(whole)).isEqualTo(counts.inOrder(learners, learners));
        assertThat(whole.sliceRows()[0]).isEqualTo(rows(whole).size());
        CpuRows partly = routing.partly();
        assertThat(rows(partly)).isEqualTo(counts.inOrder(0, learners - 1));
        assertThat(routing.rows()).isEqualTo(counts.byRow().size());
        assertThat(routing.learners()).isEqualTo(learners);
        for (int n = 0; n < learners - 1; n++) {
            assertThat(partly.sliceRows()[n])
                    .as("rows that use slice %d", n)
                    .isEqualTo(counts.inOrder(n + 1, learners - 1).size());
        }
        assertThat(rows(routing.none())).isEqualTo(counts.inOrder(0, 0));
        assertThat(routing.isWhole())
                .isEqualTo(rows(whole).size() == counts.byRow().size());
    }

    @Property
    void rowsWithMoreLearnersComeFirstAndEqualOnesKeepTheirOrder(@ForAll("counts") Counts counts) {
        Routing routing = BACKEND.stream().routing();
        route(routing, counts);
        check(routing, counts);
    }

    @Property
    void resultDoesNotDependOnWhatWasRoutedBefore(@ForAll("counts") Counts before, @ForAll("counts") Counts counts) {
        Routing routing = BACKEND.stream().routing();
        route(routing, before);
        route(routing, counts);
        check(routing, counts);
    }

    @Property
    void whatTheHostChangesCounts(@ForAll("counts") Counts before, @ForAll("counts") Counts counts) {
        Routing routing = BACKEND.stream().routing();
        route(routing, before);
        var longer = new Counts(counts.learners(), new ArrayList<>(counts.byRow()));
        routing.begin(longer.byRow().size(), longer.learners());
        for (int row = 0; row < longer.byRow().size(); row++) {
            routing.counts()[row] = longer.byRow().get(row);
        }
        routing.changed();
        routing.sort();
        check(routing, longer);
    }
}
