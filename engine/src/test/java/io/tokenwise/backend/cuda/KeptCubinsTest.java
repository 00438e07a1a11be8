package io.tokenwise.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tokenwise.api.Precision;
import io.tokenwise.fakecuda.FakeControls;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.natives.cuda.CudaException;
import io.tokenwise.natives.cuda.NvrtcException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was compiled is kept in a folder: used the next time, made anew where it is damaged or refused, done without where nothing can be written. */
class KeptCubinsTest {
    private static final String FOLDER = "tokenwise.cache";

    @TempDir
    Path folder;

    private FakeControls controls;
    private ModelFiles files;
    private Path cache;
    private String before;

    @BeforeEach
    void start() throws IOException {
        controls = FakeDevice.start();
        files = TinyModels.write(folder).files(TinyModels.ADAPTIVE);
        cache = folder.resolve("cache").resolve("kernels");
        before = System.getProperty(FOLDER);
        System.setProperty(FOLDER, cache.toString());
    }

    @AfterEach
    void close() {
        if (before == null) {
            System.clearProperty(FOLDER);
        } else {
            System.setProperty(FOLDER, before);
        }
        files.close();
        assertThat(controls.leaks()).isEmpty();
    }

    private float[][] run() {
        try (CudaBackend device = TinyModels.device(Precision.BF16);
                Encoder encoder = Encoder.load(files, device)) {
            return TinyModels.encode(encoder);
        }
    }

    private Map<String, byte[]> kept() throws IOException {
        var kept = new TreeMap<String, byte[]>();
        try (Stream<Path> all = Files.list(cache)) {
            for (Path file : all.toList()) {
                kept.put(file.getFileName().toString(), Files.readAllBytes(file));
            }
        }
        return kept;
    }

    @Test
    void whatWasCompiledIsUsedTheNextTime() throws IOException {
        float[][] expected = run();
        assertThat(kept()).isNotEmpty().allSatisfy((name, _) -> assertThat(name).matches("cuda-\\w+-sm_90-\\w+.cubin"));
        // NVRTC is not asked any more.
        controls.failCompile(6);
        assertThat(run()).isDeepEqualTo(expected);
    }

    @Test
    void aDamagedFileIsMadeAnew() throws IOException {
        float[][] expected = run();
        Map<String, byte[]> kept = kept();
        int way = 0;
        for (String name : kept.keySet()) {
            byte[] damaged = kept.get(name).clone();
            damaged[damaged.length / 2] ^= 1;
            Files.write(cache.resolve(name), way++ % 2 == 0 ? damaged : new byte[way]);
        }
        assertThat(run()).isDeepEqualTo(expected);
        assertThat(kept()).usingRecursiveComparison().isEqualTo(kept);
    }

    @Test
    void whatTheDriverDoesNotTakeIsCompiledAgain() throws IOException {
        float[][] expected = run();
        Map<String, byte[]> kept = kept();
        controls.failCall("cuModuleLoadDataEx", 209);
        assertThat(run()).isDeepEqualTo(expected);
        assertThat(kept()).usingRecursiveComparison().isEqualTo(kept);
    }

    @Test
    void whereNothingCanBeWrittenNothingIsKept() throws IOException {
        float[][] expected = run();
        Path file = Files.writeString(folder.resolve("file"), "no folder");
        System.setProperty(FOLDER, file.toString());
        assertThat(run()).isDeepEqualTo(expected);
        System.setProperty(FOLDER, file.resolve("below").toString());
        assertThat(run()).isDeepEqualTo(expected);
        assertThat(file).hasContent("no folder");
    }

    @Test
    void nothingIsLeftUnfinishedWhereSomethingElseHasTheName() throws IOException {
        float[][] expected = run();
        Map<String, byte[]> kept = kept();
        for (String name : kept.keySet()) {
            Files.delete(cache.resolve(name));
            Files.createDirectories(cache.resolve(name).resolve("not empty"));
        }
        assertThat(run()).isDeepEqualTo(expected);
        try (Stream<Path> all = Files.list(cache)) {
            assertThat(all.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(kept.keySet());
        }
    }

    @Test
    void aFailedCompilationIsOneErrorAndTriedAgain() {
        float[][] expected = runWithoutFolder();
        controls.failCompile(6);
        failOnce(NvrtcException.class, "NVRTC: compile quantize.cu for sm_90: NVRTC_ERROR_COMPILATION (6): ");
        assertThat(run()).isDeepEqualTo(expected);
    }

    /** As of an NVRTC that is newer than the driver: 222 is an unsupported version of PTX. */
    @Test
    void codeThatTheDriverDoesNotTakeIsOneErrorAndTriedAgain() {
        float[][] expected = runWithoutFolder();
        controls.failCall("cuModuleLoadDataEx", 222);
        failOnce(CudaException.class, "CUDA: cuModuleLoadData(quantize): CUDA_ERROR_UNSUPPORTED_PTX_VERSION (222): ");
        assertThat(run()).isDeepEqualTo(expected);
    }

    private float[][] runWithoutFolder() {
        System.clearProperty(FOLDER);
        float[][] vectors = run();
        System.setProperty(FOLDER, cache.toString());
        return vectors;
    }

    private void failOnce(Class<? extends Exception> type, String message) {
        assertThatExceptionOfType(type)
                .isThrownBy(this::run)
                .satisfies(e -> assertThat(e.getMessage()).hasLineCount(1).startsWith(message));
    }
}
