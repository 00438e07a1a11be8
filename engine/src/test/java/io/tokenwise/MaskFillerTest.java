package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.EngineOptions;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ways to ask for hidden words; what is guessed is in {@link SparseEncoderTest}. */
class MaskFillerTest {
    private static final EngineOptions OPTIONS =
            EngineOptions.defaults().withThreads(1).withBackend(BackendChoice.FLOAT32);

    private static final List<String> TEXTS = List.of("a [MASK] wrote a letter", "[MASK] run to the [MASK]");

    @Test
    void manyTextsNeedNoBudgetAndNoDeadline(@TempDir Path model) throws Exception {
        SparseEncoderTest.write(model, "bert", "bert", "Bert", "bert.", Map.of());
        try (MaskFiller filler = MaskFiller.open(model.toString(), OPTIONS)) {
            assertThat(filler.fill(TEXTS, 2))
                    .isEqualTo(filler.fill(TEXTS, 2, Budget.FULL, Deadline.NONE))
                    .isEqualTo(List.of(filler.fill(TEXTS.get(0), 2), filler.fill(TEXTS.get(1), 2)));
            assertThat(filler.fill(List.of(), 2)).isEmpty();
            assertThatThrownBy(() -> filler.fill(TEXTS, 0)).hasMessage("top is 0, must be 1 or more");
            assertThatThrownBy(() -> filler.fill(Arrays.asList("[MASK]", null), 1))
                    .isInstanceOf(NullPointerException.class)
                    .hasMessage("fill: text 2 of 2 is null; leave it out, or give \"\"");
        }
    }
}
