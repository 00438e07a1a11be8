package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A distillation that ends after its last step and before its model is written. */
class EndedDistillationTest {
    @TempDir
    private Path folder;

    /** Such a folder is not the model. */
    @Test
    void theModelIsWrittenIntoAFolderThatWasThereAndIsEmpty() throws Exception {
        Path model = folder.resolve("model");
        TestModels.writeSmall(model);
        Path out = Files.createDirectory(folder.resolve("out"));
        try (ModelFiles files = Models.open(model);
                Backend backend = VectorBackend.open(1)) {
            DistillRun run = ChildRun.of(files, ChildRun.config(8, 5), out);
            assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {
                        @Override
                        public void trained() {
                            throw new CancellationException();
                        }
                    }))
                    .isInstanceOf(CancellationException.class);
            assertThat(run.checkpoint()).exists();
            assertThat(out).isEmptyDirectory();
            assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {
                        @Override
                        public void trained() {
                            Thread.currentThread().interrupt();
                        }
                    }))
                    .isInstanceOf(InterruptedException.class);
            assertThat(Thread.interrupted()).isFalse();
            assertThat(run.checkpoint()).exists();
            run.run(backend, new DistillRun.Listener() {});
        }
        assertThat(out.resolve("model.safetensors")).exists();
        assertThat(folder).isDirectoryNotContaining("glob:**checkpoint");
    }

    /** It may take minutes. */
    @ParameterizedTest
    @EnumSource(names = {"LEARNERS", "LEAVING"})
    void howFarCalibrationIsIsTold(ChildRun.Kind kind) throws Exception {
        kind.writeModel(folder.resolve("model"));
        var done = new ArrayList<Integer>();
        var all = new HashSet<Integer>();
        try (ModelFiles files = Models.open(folder.resolve("model"));
                Backend backend = VectorBackend.open(1)) {
            ChildRun.of(files, kind.config(8, 5), folder.resolve("out")).run(backend, new DistillRun.Listener() {
                @Override
                public void trained() {
                    assertThat(done).isEmpty();
                }

                @Override
                public void calibrated(int soMany, int ofAll) {
                    done.add(soMany);
                    all.add(ofAll);
                }
            });
        }
        assertThat(all).hasSize(1);
        assertThat(done)
                .hasSizeGreaterThan(10)
                .isEqualTo(
                        IntStream.rangeClosed(0, all.iterator().next()).boxed().toList());
    }
}
