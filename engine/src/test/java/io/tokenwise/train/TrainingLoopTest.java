package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.autograd.CosineSchedule;
import io.tokenwise.autograd.Optimizer;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingLoopTest {
    @TempDir
    private Path folder;

    /** By Ctrl-C while it is measured what is right. */
    @ParameterizedTest
    @CsvSource({"1, training stopped before step 1", "2, training stopped after its last step"})
    void aMeasurementThatIsInterruptedStopsWithACheckpoint(int measurement, String message) throws IOException {
        try (Backend backend = VectorBackend.open(1);
                var output = TrainingOutput.begin(folder.resolve("out"), ModelWriter.Existing.KEEP);
                var training = new EpochTraining(null, backend, 4, new CosineSchedule(.1, 0, 0, 2), 1) {
                    @Override
                    protected double learn() {
                        return 1;
                    }

                    @Override
                    protected List<Optimizer> optimizers() {
                        return List.of();
                    }
                }) {
            var measured = new AtomicInteger();
            var loop = new TrainingLoop(output, 5, 2, StoredType.F32, null, new TrainingListener() {});
            assertThatThrownBy(() -> loop.run(
                            training,
                            () -> {
                                if (measured.incrementAndGet() == measurement) {
                                    Thread.currentThread().interrupt();
                                    throw new IllegalStateException("interrupted after 1 of 2 images");
                                }
                                return .5;
                            },
                            Map.of()))
                    .isInstanceOf(InterruptedException.class)
                    .hasMessage(message);
            assertThat(Thread.interrupted()).isFalse();
            assertThat(output.checkpoint()).exists();
        }
    }

    /** A mistake of ours is not what a smaller rate would help. */
    @Test
    void aMistakeInArithmeticIsNoDivergence() throws IOException {
        try (Backend backend = VectorBackend.open(1);
                var output = TrainingOutput.begin(folder.resolve("out"), ModelWriter.Existing.KEEP);
                var training = new EpochTraining(null, backend, 4, new CosineSchedule(.1, 0, 0, 2), 1) {
                    @Override
                    protected double learn() {
                        throw new ArithmeticException("/ by zero");
                    }

                    @Override
                    protected List<Optimizer> optimizers() {
                        return List.of();
                    }
                }) {
            var loop = new TrainingLoop(output, 5, 1, StoredType.F32, null, new TrainingListener() {});
            assertThatThrownBy(() -> loop.run(training, () -> 0, Map.of()))
                    .isExactlyInstanceOf(ArithmeticException.class)
                    .hasMessage("/ by zero");
        }
    }
}
