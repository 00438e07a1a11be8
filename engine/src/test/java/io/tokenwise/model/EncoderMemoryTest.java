package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.api.Precision;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class EncoderMemoryTest {
    @Test
    void aContainerThatIsTooSmallIsToldBeforeMemoryIsTaken() throws IOException {
        try (ModelFiles files = Models.builtIn("minilm")) {
            ModelShapes shapes = NeededTensors.check(files, AdaptiveConfig.DENSE);
            NeededTensors.checkMemory("minilm", shapes, Precision.F32, OptionalLong.empty());
            NeededTensors.checkMemory("minilm", shapes, Precision.F32, OptionalLong.of(1L << 30));
            // 22.57 million values, of which 11.92 million are embeddings, which are not packed.
            assertThatIllegalStateException()
                    .isThrownBy(() ->
                            NeededTensors.checkMemory("minilm", shapes, Precision.F32, OptionalLong.of(100L << 20)))
                    .withMessage("minilm: needs about 126 MiB of native memory for its weights,"
                            + " this machine or container has 100 MiB in all");
            NeededTensors.checkMemory("minilm", shapes, Precision.S8, OptionalLong.of(100L << 20));
        }
    }
}
