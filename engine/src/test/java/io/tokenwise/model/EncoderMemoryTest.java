package io.tokenwise.model;

import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.tokenwise.api.Precision;
import io.tokenwise.kernels.Activation;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** A container that is too small for a model is told before memory is taken. */
class EncoderMemoryTest {
    private static void assertNeeds(int mebibytes, ModelShapes shapes, Precision precision) {
        NeededTensors.checkMemory("it", shapes, precision, OptionalLong.empty());
        NeededTensors.checkMemory("it", shapes, precision, OptionalLong.of((mebibytes + 1L) << 20));
        assertThatIllegalStateException()
                .isThrownBy(() -> NeededTensors.checkMemory("it", shapes, precision, OptionalLong.of(1L << 20)))
                .withMessage("it: needs about " + mebibytes + " MiB of native memory for its weights,"
                        + " this machine or container has 1 MiB in all");
    }

    /** 22.57 million values, of which 11.92 million are embeddings, which are not packed. */
    @Test
    void weightsAndTheirPackedFormsAreCounted() throws IOException {
        try (ModelFiles files = Models.builtIn("minilm")) {
            ModelShapes shapes = NeededTensors.check(files, AdaptiveConfig.DENSE);
            assertNeeds(126, shapes, Precision.F32);
            assertNeeds(96, shapes, Precision.S8);
        }
    }

    /** Its 11.72 million values are looked up, and multiplied by too. */
    @Test
    void aTableOfWordsThatMakesTheirLogitsIsPacked() throws IOException {
        try (ModelFiles files = Models.builtIn("minilm")) {
            TextDescription dense = files.text();
            var words = new WordsForm(
                    new HeadForm.Layer("transform", true, Activation.GELU, Optional.empty()), "bias", "unused");
            var masked = new TextDescription(
                    dense.name(),
                    dense.family(),
                    dense.architecture(),
                    dense.maxTokens(),
                    new TextOutput.MaskedTokens(words),
                    dense.prompts(),
                    dense.acm());
            assertNeeds(172, ModelShapes.of(masked), Precision.F32);
            assertNeeds(108, ModelShapes.of(masked), Precision.S8);
        }
    }
}
