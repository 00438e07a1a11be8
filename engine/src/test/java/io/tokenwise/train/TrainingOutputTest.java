package io.tokenwise.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import io.tokenwise.FaultyFileSystem;
import io.tokenwise.model.ModelWriter.Existing;
import java.io.BufferedReader;
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
    private static final String REFUSED =
            ": another process is training to it: wait for its end, or name another folder";

    @TempDir
    private Path folder;

    private Path out;

    @BeforeEach
    void name() {
        out = folder.resolve("out");
    }

    /** Holds a folder until it is killed, or says why it cannot. */
    static final class Holder {
        public static void main(String[] args) throws IOException {
            try (TrainingOutput _ = TrainingOutput.begin(Path.of(args[0]), Existing.KEEP)) {
                System.out.println("held");
                int _ = System.in.read();
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private Process holder() throws IOException {
        return ChildJvm.of(List.of(), Holder.class, out.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** What the holder says; a JVM may say something first. */
    private String answer(BufferedReader says) throws IOException {
        String line = says.readLine();
        while (line != null && !line.equals("held") && !line.startsWith(out.toString())) {
            line = says.readLine();
        }
        return line;
    }

    private List<String> names() throws IOException {
        try (var left = Files.list(folder)) {
            return left.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private void assertRefused() {
        assertThatThrownBy(() -> TrainingOutput.begin(out, Existing.KEEP)).hasMessage(out + REFUSED);
    }

    @Test
    void oneTrainingAtATime() throws IOException {
        try (TrainingOutput _ = TrainingOutput.begin(out, Existing.KEEP)) {
            assertRefused();
        }
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(names()).containsExactly(".out.lock");
    }

    /** POSIX lets a process go of a lock when it closes any channel on the file. */
    @Test
    void oneThatIsRefusedLetsNoOtherProcessIn() throws Exception {
        try (TrainingOutput _ = TrainingOutput.begin(out, Existing.KEEP)) {
            assertRefused();
            Process other = holder();
            try (var says = other.inputReader()) {
                assertThat(answer(says)).isEqualTo(out + REFUSED);
            } finally {
                other.destroyForcibly();
            }
        }
    }

    /** A link could lead to any file of the user's. */
    @Test
    void aLockIsNeverWrittenTo() throws IOException {
        Path lock = Files.writeString(folder.resolve(".out.lock"), "the user's");
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(lock).hasContent("the user's");
        Path notes = folder.resolve("notes");
        Files.move(lock, notes);
        Files.createSymbolicLink(lock, notes);
        assertThatThrownBy(() -> TrainingOutput.begin(out, Existing.KEEP))
                .hasMessageStartingWith(out + ": its lock, to be deleted if")
                .hasMessageContaining(lock + ": cannot be written");
        assertThat(notes).hasContent("the user's");
    }

    /** Else the lock, the checkpoint and what is half written lie where the link is, or in the folder itself. */
    @Test
    void aFolderIsTheSameByAnyName() throws IOException {
        Files.createDirectory(out);
        Path link = Files.createSymbolicLink(
                Files.createDirectory(folder.resolve("links")).resolve("link"), out);
        for (Path name : List.of(link, out.resolve("."), out.resolve("../out"))) {
            assertThat(TrainingOutput.checkpoint(name)).isEqualTo(folder.resolve("out.checkpoint"));
            try (TrainingOutput output = TrainingOutput.begin(name, Existing.KEEP)) {
                assertThat(output.out()).isEqualTo(out);
                assertRefused();
            }
        }
        assertThat(out).isEmptyDirectory();
        assertThat(names()).containsExactly(".out.lock", "links", "out");
    }

    @Test
    void withoutLocksNothingIsDeleted() throws IOException {
        var files = new FaultyFileSystem();
        files.refuseLocks();
        Path half = left("out", ".tmp");
        Path aside = left("out", ".old");
        TrainingOutput.begin(files.in(out), Existing.REPLACE).close();
        assertThat(half).exists();
        assertThat(aside).exists();
    }

    @Test
    void whatCannotBeDeletedStays() throws IOException {
        var files = new FaultyFileSystem();
        Path half = left("out", ".tmp");
        // The lock is opened first.
        files.fail(1, FaultyFileSystem.Fault.READ_ONLY, true);
        TrainingOutput.begin(files.in(out), Existing.KEEP).close();
        assertThat(files.hasFailed()).isTrue();
        assertThat(half).exists();
    }

    @Test
    void alsoOfOtherProcessesUntilTheyAreKilled() throws Exception {
        Process other = holder();
        try (var says = other.inputReader()) {
            assertThat(answer(says)).isEqualTo("held");
            assertRefused();
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor()).isEqualTo(137);
        TrainingOutput.begin(out, Existing.KEEP).close();
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
        String like = ".out." + "x".repeat(UUID.randomUUID().toString().length()) + ".tmp";
        Files.writeString(folder.resolve(like), "the user's");
        Files.writeString(TrainingOutput.checkpoint(out), "whole");
        TrainingOutput.begin(out, Existing.KEEP).close();
        assertThat(names())
                .containsExactlyInAnyOrder(
                        ".out.lock", like, others.getFileName().toString(), "out.checkpoint");
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
        assertThat(names()).containsExactly(".out.lock", "out");
    }

    /** As of a script that makes the folder first. */
    @Test
    void itComesBackIntoAFolderThatIsEmptyAndIsNotTrainedOver() throws IOException {
        left("out", ".old");
        Files.createDirectory(out);
        assertThatThrownBy(() -> TrainingOutput.begin(out, Existing.KEEP))
                .hasMessage(out + ": exists and is not empty");
        assertThat(out.resolve("config.json")).hasContent(".old");
        assertThat(names()).containsExactly(".out.lock", "out");
    }
}
