package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.Embedding;
import io.tokenwise.TestModels;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** MiniLM, dense and with trained learners, on the simulated device, as on the CPU in float32. */
class MiniLmOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(MiniLmOnDeviceTest.class);
    private static final List<int[]> TEXTS = TestModels.sequences(3, 17, 30, 9);

    private final FakeControls controls = FakeDevice.start();

    /** Random ids are no sentences: real text is nearer. */
    @ParameterizedTest
    @CsvSource({"minilm, F32, 0.999999", "minilm, BF16, 0.999", "minilm, S8, 0.99", "minilm-acm, F32, 0.999999"})
    void isNearTheCpu(String name, Precision precision, double least) throws IOException, CudaUnavailableException {
        try (Backend cpu = VectorBackend.open(2);
                Encoder expected = TestModels.builtIn(name, cpu);
                CudaBackend device = CudaBackend.open(precision);
                Encoder encoder = TestModels.builtIn(name, device);
                var sessions = new Sessions(expected, cpu, 1024, 1);
                var onDevice = new Sessions(encoder, device, 1024, 1)) {
            boolean adaptive = !encoder.acms().isEmpty() || encoder.leaving().isPresent();
            for (Budget budget : adaptive
                    ? List.of(Budget.FULL, Budget.flops(0.75), Budget.flops(0.5), Budget.flops(0.25), Budget.hard(0.5))
                    : List.of(Budget.FULL)) {
                onDevice.encode(TEXTS, budget, null);
                FakeCounts before = controls.counts();
                float[][] found = onDevice.encode(TEXTS, budget, null);
                FakeCounts after = controls.counts();
                float[][] wanted = sessions.encode(TEXTS, budget, null);
                double lowest = 1;
                for (int i = 0; i < found.length; i++) {
                    lowest = Math.min(lowest, Embedding.cosine(found[i], wanted[i]));
                }
                LOG.info(
                        "{}, {}, {}: lowest cosine to the CPU {}, {} launches, {} waits, {} multiply-adds of tensor instructions",
                        name,
                        precision,
                        budget,
                        lowest,
                        after.launches() - before.launches(),
                        after.synchronizations() - before.synchronizations(),
                        after.multiplyAdds() - before.multiplyAdds());
                assertThat(lowest).as("%s", budget).isGreaterThan(least);
            }
        }
    }
}
