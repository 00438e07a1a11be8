package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.io.ModelFiles;
import java.io.IOException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class EncoderMemoryTest {
    @Test
    void aContainerThatIsTooSmallIsToldBeforeMemoryIsTaken() throws IOException {
        try (ModelFiles files = ModelFiles.builtIn("minilm")) {
            Encoder.checkMemory(files, OptionalLong.empty());
            Encoder.checkMemory(files, OptionalLong.of(1L << 30));
            assertThatIllegalStateException()
                    .isThrownBy(() -> Encoder.checkMemory(files, OptionalLong.of(128L << 20)))
                    .withMessage("minilm: needs about 172 MiB of native memory for its weights,"
                            + " this machine or container has 128 MiB in all");
        }
    }
}
