package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.kernels.Scratch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RangeJobTest {
    /** Of tensors of more than a billion values sums of ints overflow, and nothing would run. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void allIndicesRunOnceHoweverManyThereAre(int threads) {
        try (WorkerPool pool = new WorkerPool(threads)) {
            var job = new RangeJob(null, pool, new Scratch());
            for (int indices :
                    new int[] {1, 17, 16_385, (1 << 30) + 1, Integer.MAX_VALUE - 32_768, Integer.MAX_VALUE}) {
                var run = new AtomicLong();
                var sum = new AtomicLong();
                job.forEach(indices, RangeJob.GRAIN_VALUES, (_, from, to, _) -> {
                    run.addAndGet(to - from);
                    sum.addAndGet((long) to * to - (long) from * from);
                });
                assertThat(run).as("%d indices", indices).hasValue(indices);
                assertThat(sum).as("%d indices", indices).hasValue((long) indices * indices);
            }
            assertThatThrownBy(() -> job.forEach(-1, 1, (_, _, _, _) -> {}))
                    .hasMessage("-1 indices; must be 0 or more");
        }
    }
}
