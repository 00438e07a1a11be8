package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Stream;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.op.EmbeddingSums;
import io.tokenwise.op.LayerNorms;
import io.tokenwise.op.Patches;
import io.tokenwise.op.Sums;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many users of one device, in whichever order their work runs there: each has the results that it has alone. */
class TogetherOnDeviceTest {
    private static final int THREADS = 8;
    private static final List<Budget> BUDGETS = List.of(TinyModels.HALF, Budget.FULL, Budget.fixed(0.5));

    @TempDir
    static Path folder;

    private static TinyModels models;

    private FakeControls controls;

    @BeforeAll
    static void write() throws IOException {
        models = TinyModels.write(folder);
    }

    @BeforeEach
    void start() {
        controls = FakeDevice.start();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(controls.leaks()).isEmpty();
    }

    private static List<float[][]> alone() throws IOException {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, device)) {
            return BUDGETS.stream()
                    .map(budget -> TinyModels.encode(encoder, budget))
                    .toList();
        }
    }

    /** A seed of 0 runs work as late as it may; others let chance choose among streams, blocks and threads. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3, 4, 5})
    void streamsOfManyThreads(long seed) throws Exception {
        List<float[][]> expected = alone();
        controls.seed(seed);
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, device);
                var sessions = new Sessions(encoder, device, 256, THREADS);
                var threads = Executors.newFixedThreadPool(THREADS)) {
            var results = new ArrayList<Future<float[][]>>();
            for (int i = 0; i < 3 * THREADS; i++) {
                Budget budget = BUDGETS.get(i % BUDGETS.size());
                results.add(threads.submit(() -> sessions.encode(TinyModels.TEXTS, budget, null)));
            }
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isDeepEqualTo(expected.get(i % BUDGETS.size()));
            }
        }
    }

    @Test
    void twoBackendsOnOneDevice() throws IOException {
        List<float[][]> expected = alone();
        try (CudaBackend one = TinyModels.device(Precision.BF16);
                Encoder oneEncoder = models.load(TinyModels.ADAPTIVE, one)) {
            try (CudaBackend other = TinyModels.device(Precision.BF16);
                    Encoder otherEncoder = models.load(TinyModels.ADAPTIVE, other);
                    Arena arena = Arena.ofShared()) {
                for (int i = 0; i < BUDGETS.size(); i++) {
                    assertThat(TinyModels.encode(oneEncoder, BUDGETS.get(i))).isDeepEqualTo(expected.get(i));
                    assertThat(TinyModels.encode(otherEncoder, BUDGETS.get(i))).isDeepEqualTo(expected.get(i));
                }
                Tensor stranger = other.allocate(arena, 2, 3);
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> one.read(stranger))
                        .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1));
            }
            assertThat(TinyModels.encode(oneEncoder, TinyModels.HALF)).isDeepEqualTo(expected.getFirst());
        }
    }

    /** As in training with two streams: the sum of their gradients comes after both, though nobody waits in between. */
    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 3})
    void whatOneStreamAddsToGradientsAnotherFinds(long seed) {
        controls.seed(seed);
        try (CudaBackend device = TinyModels.device(Precision.F32);
                Arena arena = Arena.ofShared();
                Workspace workspace = device.workspace(Long.MAX_VALUE)) {
            Stream one = device.stream();
            Stream other = device.stream();
            Tensor x = ones(device, arena, 4, 8);
            for (int operation = 0; operation < 5; operation++) {
                Tensor wide = device.allocate(arena, 8, 8);
                Tensor row = device.allocate(arena, 1, 8);
                switch (operation) {
                    case 0 -> one.weightGradient(x, x, workspace, wide);
                    case 1 -> Sums.addColumns(one, x, row);
                    case 2 ->
                        LayerNorms.parameterGradient(
                                one, x, ones(device, arena, 4, 2), x, device.allocate(arena, 1, 8), row);
                    case 3 ->
                        EmbeddingSums.backward(
                                one,
                                new int[] {0, 1, 2, 3},
                                new int[] {0, 4},
                                1,
                                x,
                                wide,
                                device.allocate(arena, 8, 8),
                                null,
                                EmbeddingSums.Form.PLAIN);
                    default -> Patches.withFirstBackward(one, x, null, row, device.allocate(arena, 4, 8));
                }
                Tensor changed = operation == 0 || operation == 3 ? wide : row;
                Tensor copy = device.allocate(arena, changed.rows(), changed.columns());
                other.copy(changed, copy);
                try (HostTensor values = other.read(copy)) {
                    assertThat(values.get(0)).as("operation %d", operation).isGreaterThan(0);
                }
            }
        }
    }

    private static Tensor ones(CudaBackend device, Arena arena, int rows, int columns) {
        Tensor ones = device.allocate(arena, rows, columns);
        try (HostTensor values = device.write(ones)) {
            for (int i = 0; i < values.size(); i++) {
                values.set(i, 1);
            }
        }
        return ones;
    }
}
