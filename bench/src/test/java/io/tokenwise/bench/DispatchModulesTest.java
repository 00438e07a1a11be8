package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.tensor.Tensor;
import org.junit.jupiter.api.Test;

class DispatchModulesTest {
    private static final int LEARNERS = 8;

    /** What is measured a thousand times must be the same thing each time. */
    @Test
    void tokensStillWantTheirLearnersWhenAllHasRunOnThem() {
        var engine = new OwnEngine(BackendChoice.Kind.VECTOR, Precision.F32);
        int[] counts = {1, LEARNERS, 3};
        try (var modules = new DispatchModules(
                engine, DispatchSizes.MINILM, DispatchModules.LAYERS, 1, LEARNERS, LEARNERS - 1, false)) {
            Tensor x = modules.tokens(counts);
            modules.plain(modules.mlps(LEARNERS), x).run();
            modules.oneByOne(x).run();
            modules.adaptive(x).run();
            assertThatCode(() -> modules.check(x, counts)).doesNotThrowAnyException();
        }
    }
}
