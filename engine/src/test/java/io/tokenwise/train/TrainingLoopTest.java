package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.autograd.Optimizer;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.StoredType;
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
    void aMistakeInArithmeticIsNoDivergence() {
        var loop = new TrainingLoop(folder.resolve("out"), 5, 1, StoredType.F32, new TrainingListener() {});
        try (Backend backend = VectorBackend.open(1);
                var training = new EpochTraining(null, backend, 4, 2, 1, .1, 1) {
                    @Override
                    double learn() {
                        throw new ArithmeticException("/ by zero");
                    }

                    @Override
                    List<Optimizer> optimizers() {
                        return List.of();
                    }
                }) {
            assertThatThrownBy(() -> loop.run(training, () -> 0, Map.of()))
                    .isExactlyInstanceOf(ArithmeticException.class)
                    .hasMessage("/ by zero");
        }
    }
}
