package io.tokenwise.train;

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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
    @TempDir
    private Path folder;

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
