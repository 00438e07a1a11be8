package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import io.tokenwise.model.ModelWriter.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may train to a folder, and what killed trainings have left there. */
class TrainingOutputTest {
    @TempDir
    private Path folder;

    private Path out;

    @BeforeEach
    void name() {
        out = folder.resolve("out");
    }

    /** Holds a folder until it is killed. */
    static final class Holder {
        public static void main(String[] args) throws IOException {
            try (TrainingOutput _ = TrainingOutput.begin(Path.of(args[0]), Existing.KEEP)) {
                System.out.println("held");
                int _ = System.in.read();
            }
        }
    }

    private void assertRefused() {
        assertThatThrownBy(() -> TrainingOutput.begin(out, Existing.KEEP))
                .hasMessage(out + ": another process is training to it: wait for its end, or name another folder");
    }

    @Test
    void oneTrainingAtATime() throws IOException {
        try (TrainingOutput _ = TrainingOutput.begin(out, Existing.KEEP)) {
            assertRefused();
        }
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void alsoOfOtherProcessesUntilTheyAreKilled() throws Exception {
        Process other = ChildJvm.of(List.of(), Holder.class, out.toString()).start();
        try (var says = other.inputReader()) {
            assertThat(says.readLine()).isEqualTo("held");
            assertRefused();
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor()).isEqualTo(137);
        assertThat(folder).isDirectoryContaining("glob:**.out.lock");
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(folder).isEmptyDirectory();
    }

    private Path left(String name, String ending) throws IOException {
        Path directory = Files.createDirectory(folder.resolve("." + name + "." + UUID.randomUUID() + ending));
        Files.createDirectory(directory.resolve("1_Pooling"));
        Files.writeString(directory.resolve("config.json"), ending);
        return directory;
    }

    @Test
    void whatKilledOnesHaveHalfWrittenIsDeletedAndNothingElse() throws IOException {
        left("out", ".tmp");
        Files.writeString(folder.resolve(".out.checkpoint." + UUID.randomUUID() + ".tmp"), "half");
        Path others = left("out2", ".tmp");
        Files.writeString(TrainingOutput.checkpoint(out), "whole");
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(folder).isDirectoryContaining(path -> path.equals(others));
        try (var left = Files.list(folder)) {
            assertThat(left.toList()).containsExactlyInAnyOrder(others, TrainingOutput.checkpoint(out));
        }
    }

    /** Its name is free for a moment only, in which a kill may come. */
    @Test
    void aModelThatWasPutAsideToBeReplacedComesBack() throws IOException {
        left("out", ".old");
        left("out", ".tmp");
        TrainingOutput.begin(out, Existing.REPLACE).close();
        assertThat(out.resolve("config.json")).hasContent(".old");
        left("out", ".old");
        TrainingOutput.begin(out, Existing.REPLACE).close();
        try (var left = Files.list(folder)) {
            assertThat(left.toList()).containsExactly(out);
        }
    }
}
