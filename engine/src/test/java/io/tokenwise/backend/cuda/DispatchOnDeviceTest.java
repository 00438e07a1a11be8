package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.api.Budget;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.fakecuda.FakeCounts;
import io.tokenwise.fakecuda.KernelCounts;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.bert.BertArchitecture;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a forward asks of the device, counted: multiply-adds fall with the budget, and launches and copies are few at any. */
class DispatchOnDeviceTest {
    private static final Logger LOG = LoggerFactory.getLogger(DispatchOnDeviceTest.class);

    private static final int LAYERS = 2;
    private static final BertArchitecture SIZES =
            new BertArchitecture(128, LAYERS, 4, 512, TinyModels.VOCABULARY, 40, 2, 1e-12);

    /** Embeddings and their norm, pooling, vectors of length 1. */
    private static final int OUTSIDE = 4;

    /** Launches of a layer. */
    private static final int GOAL = 12;

    /** Enough that the last tile of a learner's rows hardly counts. */
    private static final List<int[]> TEXTS =
            TinyModels.texts(IntStream.range(0, 32).map(i -> 20 + i % 19).toArray());

    private static final int TOKENS =
            TEXTS.stream().mapToInt(text -> text.length).sum();

    @TempDir
    static Path folder;

    /** What gates are told so that they choose half of the learners. */
    private static Budget half;

    private final FakeControls controls = FakeDevice.start();

    @BeforeAll
    static void write() throws IOException {
        TinyModels models = TinyModels.write(folder, SIZES, 4, TEXTS);
        try (Backend backend = VectorBackend.open(2);
                Encoder encoder = models.load(TinyModels.ADAPTIVE, backend)) {
            half = half(encoder, backend);
        }
    }

    private static Budget half(Encoder encoder, Backend backend) {
        double low = 0.01;
        double high = 0.99;
        try (var sessions = new Sessions(encoder, backend, 4096, 1)) {
            for (int i = 0; i < 12; i++) {
                double middle = (low + high) / 2;
                if (share(encoder, sessions, Budget.flops(middle)) > 0.5) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            LOG.info("told {}, gates choose {}", low, share(encoder, sessions, Budget.flops(low)));
        }
        return Budget.flops(low);
    }

    /** Of the multiply-adds of all learners of all tokens, those of chosen ones. */
    private static double share(Encoder encoder, Sessions sessions, Budget budget) {
        Map<String, Acm> modules = encoder.acms().stream().collect(Collectors.toMap(Acm::path, Function.identity()));
        var chosen = new long[2];
        sessions.encode(TEXTS, budget, (path, counts, rows, gated) -> {
            Acm acm = modules.get(path);
            for (int row = 0; row < rows; row++) {
                chosen[0] += counts[row] * acm.learnerFlops();
                chosen[1] += acm.learners() * acm.learnerFlops();
            }
        });
        return (double) chosen[0] / chosen[1];
    }

    /** What a warm forward did, and each of its kernels. */
    private record Done(FakeCounts before, FakeCounts after, Map<String, KernelCounts> kernels) {
        long launches() {
            return after.launches() - before.launches();
        }

        long bytesUp() {
            return after.bytesToDevice() - before.bytesToDevice();
        }

        long bytesDown() {
            return after.bytesToHost() - before.bytesToHost();
        }

        long productMultiplyAdds() {
            return kernels.values().stream()
                    .filter(kernel -> kernel.name().startsWith("linear"))
                    .mapToLong(KernelCounts::multiplyAdds)
                    .sum();
        }
    }

    private Done forward(Encoder encoder, Budget budget) {
        try (var sessions = new Sessions(encoder, encoder.parameters().backend(), 4096, 1)) {
            sessions.encode(TEXTS, budget, null);
            sessions.encode(TEXTS, budget, null);
            Map<String, KernelCounts> kernels = kernels();
            FakeCounts before = controls.counts();
            // Others than those that lie on the device already.
            sessions.encode(TEXTS.reversed(), budget, null);
            Map<String, KernelCounts> after = kernels();
            after.replaceAll((name, kernel) -> {
                KernelCounts earlier = kernels.getOrDefault(name, new KernelCounts(name, 0, 0, 0, 0));
                return new KernelCounts(
                        name,
                        kernel.launches() - earlier.launches(),
                        kernel.blocks() - earlier.blocks(),
                        kernel.multiplyAdds() - earlier.multiplyAdds(),
                        kernel.seconds() - earlier.seconds());
            });
            after.values().removeIf(kernel -> kernel.launches() == 0);
            return new Done(before, controls.counts(), after);
        }
    }

    private Map<String, KernelCounts> kernels() {
        return controls.kernels().stream()
                .collect(Collectors.toMap(KernelCounts::name, Function.identity(), (a, _) -> a, TreeMap::new));
    }

    @Test
    void workFallsWithTheBudgetAndLaunchesAreFew() throws Exception {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                ModelFiles dense = Models.open(folder.resolve("dense"));
                ModelFiles adaptive = Models.open(folder.resolve("adaptive"));
                Encoder teacher = Encoder.load(dense, device);
                Encoder student = Encoder.load(adaptive, device)) {
            Done whole = forward(teacher, Budget.FULL);
            Done full = forward(student, Budget.FULL);
            Done chosen = forward(student, half);
            Done alike = forward(student, Budget.fixed(0.5));
            Done hard = forward(student, Budget.hard(0.5));
            tell("dense", whole, whole);
            tell("full", full, whole);
            tell("half, chosen by gates", chosen, whole);
            tell("half, all tokens alike", alike, whole);
            tell("half, hard", hard, whole);
            assertThat(full.productMultiplyAdds()).isEqualTo(whole.productMultiplyAdds());
            for (Done done : List.of(chosen, alike, hard)) {
                assertThat(done.productMultiplyAdds()).isLessThanOrEqualTo(whole.productMultiplyAdds() * 55 / 100);
            }
            assertThat(whole.launches()).isLessThanOrEqualTo(OUTSIDE + LAYERS * 9);
            assertThat(full.launches()).isLessThanOrEqualTo(OUTSIDE + LAYERS * GOAL);
            for (Done done : List.of(chosen, alike, hard)) {
                assertThat(done.launches()).isLessThanOrEqualTo(OUTSIDE + LAYERS * GOAL);
            }
            for (Done done : List.of(whole, full, chosen, alike, hard)) {
                assertThat(done.bytesUp()).isLessThanOrEqualTo(16L * TOKENS);
                assertThat(done.bytesDown()).isEqualTo((long) TEXTS.size() * SIZES.hiddenSize() * Float.BYTES);
            }
        }
    }

    private static void tell(String what, Done done, Done dense) {
        LOG.info(
                "{}, {} tokens: {} launches, {} multiply-adds of products, {} of the dense model's; {} bytes up, {} down, {} on the device; {}",
                what,
                TOKENS,
                done.launches(),
                done.productMultiplyAdds(),
                (double) done.productMultiplyAdds() / dense.productMultiplyAdds(),
                done.bytesUp(),
                done.bytesDown(),
                done.after.bytesOnDevice() - done.before.bytesOnDevice(),
                done.kernels.values().stream()
                        .map(kernel -> kernel.name() + " " + kernel.launches())
                        .toList());
    }
}
