package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.natives.cuda.CudaUnavailableException;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How many kernels a layer whose MLP and attention are adaptive launches: what a forward costs that is too small for its arithmetic to matter. */
class LayerLaunchesTest {
    private static final Logger LOG = LoggerFactory.getLogger(LayerLaunchesTest.class);

    private static final List<int[]> TEXTS = TinyModels.texts(3, 9, 17, 33, 5);
    private static final List<Budget> BUDGETS = List.of(Budget.flops(0.5), Budget.hard(0.5));

    @TempDir
    static Path folder;

    @BeforeAll
    static void write() throws IOException {
        writeModel(1);
        writeModel(3);
    }

    /** Of four learners, each of whose slices, also those of V and of O's inputs, is large enough to be narrowed. */
    private static void writeModel(int layers) throws IOException {
        var sizes = new BertArchitecture(128, layers, 4, 256, TinyModels.VOCABULARY, 40, 2, 1e-12);
        TinyModels.write(folder(layers), sizes, 4, TEXTS);
    }

    private static Path folder(int layers) {
        return folder.resolve("layers" + layers);
    }

    /**
     * Two launches of gates, that of attention's two and the MLP's, whether budgets are hard or not; two products each of the MLP and of attention and one of V, attention itself
     * and two layer norms, which leave their rows as the products read them. In bytes the context and the MLP's units are quantized besides.
     */
    @ParameterizedTest
    @CsvSource({"F32, 10", "BF16, 10", "S8, 12"})
    void areFew(Precision precision, int most) throws IOException {
        for (Budget budget : BUDGETS) {
            assertThat(launchesOfALayer(precision, TEXTS, budget)).isLessThanOrEqualTo(most);
        }
    }

    /** So many rows that those of bfloat16 are narrowed before several blocks read them. */
    @Test
    void areNoMoreWithManyRows() throws IOException {
        var lengths = new int[32];
        Arrays.fill(lengths, 33);
        for (Budget budget : BUDGETS) {
            assertThat(launchesOfALayer(Precision.BF16, TinyModels.texts(lengths), budget))
                    .isLessThanOrEqualTo(10);
        }
    }

    private static long launchesOfALayer(Precision precision, List<int[]> texts, Budget budget) throws IOException {
        Map<String, Long> one = launches(1, precision, texts, budget);
        Map<String, Long> three = launches(3, precision, texts, budget);
        var layer = new TreeMap<String, Long>();
        three.forEach((kernel, count) -> layer.merge(kernel, (count - one.getOrDefault(kernel, 0L)) / 2, Long::sum));
        layer.values().removeIf(count -> count == 0);
        long all = layer.values().stream().mapToLong(count -> count).sum();
        LOG.info("{}, {} texts, {}: {} launches in a layer: {}", precision, texts.size(), budget, all, layer);
        assertThat(layer).containsEntry("gate", 2L);
        return all;
    }

    /** By kernel, of a warm forward. */
    private static Map<String, Long> launches(int layers, Precision precision, List<int[]> texts, Budget budget)
            throws IOException {
        FakeControls controls = FakeDevice.start();
        try (CudaBackend device = CudaBackend.open(precision);
                Encoder encoder = TinyModels.in(folder(layers)).load(TinyModels.ADAPTIVE, device);
                var sessions = new Sessions(encoder, device, 2048, 1)) {
            sessions.encode(texts, budget, null);
            // Where memory had to grow, what was prepared before is prepared once more.
            sessions.encode(texts, budget, null);
            Map<String, Long> before = counts(controls);
            sessions.encode(texts, budget, null);
            Map<String, Long> after = counts(controls);
            before.forEach((kernel, count) -> after.merge(kernel, -count, Long::sum));
            return after;
        } catch (CudaUnavailableException e) {
            throw new AssertionError(e);
        }
    }

    private static Map<String, Long> counts(FakeControls controls) {
        return controls.kernels().stream().collect(Collectors.toMap(KernelCounts::name, KernelCounts::launches));
    }
}
