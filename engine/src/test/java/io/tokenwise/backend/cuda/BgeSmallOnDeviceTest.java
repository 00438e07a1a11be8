package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.TestModels;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** bge-small, twelve layers whose first token is the vector, on the simulated device, as on the CPU in float32. */
class BgeSmallOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(BgeSmallOnDeviceTest.class);

    private final FakeControls controls = FakeDevice.start();

    /** One after the other, so that only one model is in memory. */
    @Test
    void sentencesAreNearTheCpu() throws IOException {
        try (ModelFiles files = TestModels.files("bge-small")) {
            List<int[]> texts = Stream.of("A river that flows north.", "Which birds sleep while they fly?")
                    .map(text -> files.tokenizer().encode(text).ids())
                    .toList();
            float[][] expected;
            try (Backend cpu = VectorBackend.open(2)) {
                expected = encode(files, cpu, texts);
            }
            check(files, texts, expected, Precision.F32, 1e-5);
            check(files, texts, expected, Precision.BF16, 5e-3);
        }
        assertThat(controls.leaks()).isEmpty();
    }

    private static void check(
            ModelFiles files, List<int[]> texts, float[][] expected, Precision precision, double bound) {
        try (CudaBackend device = TinyModels.device(precision)) {
            double found = Distance.between(encode(files, device, texts), expected);
            LOG.info("{}: {} of the largest component from the CPU", precision, found);
            assertThat(found).as("%s", precision).isLessThan(bound);
        }
    }

    private static float[][] encode(ModelFiles files, Backend backend, List<int[]> texts) {
        try (Encoder encoder = Encoder.load(files, backend);
                var sessions = new Sessions(encoder, backend, 1, 1)) {
            return sessions.encode(texts, Budget.FULL, null);
        }
    }
}
