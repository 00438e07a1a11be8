package io.tokenwise.acm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.tokenwise.autograd.Parameters;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.VectorBackend;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BudgetSplitTest {
    private final Backend backend = VectorBackend.open(1);
    private final Parameters parameters = new Parameters(backend);
    /** The second one is three times as dear. */
    private final List<Acm> modules = List.of(
            new Acm(parameters, "encoder.layer.0.attention.qk", 4, 3, 8, 100),
            new Acm(parameters, "encoder.layer.0.mlp", 4, 1, 8, 300));

    private static BudgetSplit split(List<Double> ofAttention, List<Double> ofMlp) {
        return new BudgetSplit(
                List.of(0.25, 0.75), Map.of("encoder.layer.0.attention.qk", ofAttention, "encoder.layer.0.mlp", ofMlp));
    }

    @AfterEach
    void close() {
        parameters.close();
        backend.close();
    }

    @Test
    void modulesGetWhatTheirGatesSpend() {
        Acmizer.split(modules, split(List.of(0.6, 0.9), List.of(0.2, 0.7)));
        // At .25 gates spend .3 of the 1,600 multiply-adds: attention 240 of its 400 and the MLP 240 of its 1,200.
        assertThat((double) modules.getFirst().hardFlopsPerToken(0.25, 10))
                .isCloseTo(0.25 * 400 * 0.6 / 0.3, within(1.0));
        assertThat((double) modules.getLast().hardFlopsPerToken(0.25, 10))
                .isCloseTo(0.25 * 1200 * 0.2 / 0.3, within(1.0));
    }

    @Test
    void partsAreNeverMoreThanTheBudget() {
        Acmizer.split(modules, split(List.of(0.61, 0.93), List.of(0.17, 0.71)));
        for (double share = 0.01; share < 1; share += 0.01) {
            long granted = 0;
            for (Acm acm : modules) {
                granted += acm.hardFlopsPerToken(share, 10);
            }
            assertThat(granted).isBetween((long) (share * 1600) - 2, (long) (share * 1600));
        }
    }

    @Test
    void evenlyEachGetsItsShare() {
        Acmizer.split(modules, BudgetSplit.EVEN);
        assertThat(modules.getFirst().hardFlopsPerToken(0.5, 10)).isEqualTo(200);
        assertThat(modules.getLast().hardFlopsPerToken(0.5, 10)).isEqualTo(600);
    }

    @Test
    void modulesThatSpendNothingGetTheirShareToo() {
        Acmizer.split(modules, split(List.of(0.0, 0.5), List.of(0.0, 0.5)));
        assertThat(modules.getFirst().hardFlopsPerToken(0.25, 10)).isEqualTo(100);
    }

    @Test
    void aDecoderHasABudgetOfItsOwn() {
        var ofDecoder = new Acm(parameters, "decoder.layer.0.mlp", 4, 1, 8, 300);
        List<Double> half = List.of(0.5, 0.5);
        Acmizer.split(
                List.of(modules.getFirst(), ofDecoder),
                new BudgetSplit(
                        List.of(0.0, 1.0),
                        Map.of(modules.getFirst().path(), half, ofDecoder.path(), List.of(0.1, 0.1))));
        assertThat(modules.getFirst().hardFlopsPerToken(0.5, 10)).isBetween(199L, 200L);
        assertThat(ofDecoder.hardFlopsPerToken(0.5, 10)).isBetween(599L, 600L);
    }

    @Test
    void aModuleThatIsMissingIsNamed() {
        var other = new BudgetSplit(List.of(0.0, 1.0), Map.of("encoder.layer.0.mlp", List.of(0.0, 1.0)));
        assertThatThrownBy(() -> Acmizer.split(modules, other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("acm.split.spent has no encoder.layer.0.attention.qk");
    }
}
