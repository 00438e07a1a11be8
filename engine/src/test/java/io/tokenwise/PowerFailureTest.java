package io.tokenwise;

import static io.tokenwise.WriteFaultsTest.assertSame;
import static io.tokenwise.WriteFaultsTest.content;
import static io.tokenwise.WriteFaultsTest.names;
import static io.tokenwise.WriteFaultsTest.training;
import static io.tokenwise.WriteFaultsTest.writeModel;
import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.ModelWriter.Existing;
import io.tokenwise.train.TrainingListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The power fails after any change that a writer makes: on each disk that may be left what has a final name is old or new as a whole, and the next run goes on. */
class PowerFailureTest {
    /** Of the disks that a training may leave every so many-th is tried; all with {@code -Dtokenwise.long=true}. */
    private static final int STRIDE = Boolean.getBoolean("tokenwise.long") ? 1 : 41;

    @TempDir
    private Path folder;

    private final PowerFailures files = new PowerFailures();

    /** What writes, and what is looked at on a disk that was left. */
    @FunctionalInterface
    private interface Step {
        void run(Path target) throws Exception;
    }

    /** Runs the check on what each failure may leave of the writer's work, and tells on how many disks. When the writer has ended, its work must survive all of them. */
    private int failing(int stride, Step before, Step writer, Step check, Step end) throws Exception {
        Path here = Files.createDirectory(folder.resolve("here"));
        before.run(here.resolve("out"));
        writer.run(files.watch(here).resolve("out"));
        List<Map<String, ByteBuffer>> disks = files.disks();
        for (int i = 0; i < disks.size(); i += stride) {
            on(disks.get(i), check);
        }
        on(files.certain(), end);
        return disks.size();
    }

    private void on(Map<String, ByteBuffer> disk, Step check) throws Exception {
        Path left = Files.createDirectory(folder.resolve("left"));
        PowerFailures.restore(disk, left);
        try {
            check.run(left.resolve("out"));
        } catch (Throwable e) {
            throw new AssertionError("on the disk with " + disk.keySet(), e);
        }
        AtomicFiles.deleteTree(left);
    }

    @Test
    void aFileIsOldOrNew() throws Exception {
        byte[] old = {1, 2, 3};
        byte[] fresh = new byte[100];
        int disks = failing(
                1,
                target -> Files.write(target, old),
                target -> AtomicFiles.write(target, out -> {
                    out.write(fresh, 0, 50);
                    out.write(fresh, 50, 50);
                }),
                target -> {
                    assertThat(Files.readAllBytes(target)).isIn(old, fresh);
                    AtomicFiles.deleteLeftovers(target);
                    assertThat(names(target.getParent())).containsExactly("out");
                },
                target -> assertThat(Files.readAllBytes(target)).isEqualTo(fresh));
        assertThat(disks)
                .as("old, an empty new one, with a half, whole, under its name")
                .isGreaterThanOrEqualTo(5);
    }

    @Test
    void aModelThatIsReplacedIsOldOrNew() throws Exception {
        writeModel(folder.resolve("old"), 1, Existing.KEEP);
        writeModel(folder.resolve("new"), 2, Existing.KEEP);
        var old = content(folder.resolve("old"));
        var fresh = content(folder.resolve("new"));
        failing(
                1,
                target -> writeModel(target, 1, Existing.KEEP),
                target -> writeModel(target, 2, Existing.REPLACE),
                target -> {
                    ModelWriter.recover(target);
                    assertSame(content(target), List.of(old, fresh));
                    assertThat(names(target.getParent())).containsExactly("out");
                },
                target -> assertSame(content(target), List.of(fresh)));
    }

    @Test
    void aNewModelInNewFoldersIsThereOrNot() throws Exception {
        writeModel(folder.resolve("new"), 2, Existing.KEEP);
        var fresh = content(folder.resolve("new"));
        failing(
                1,
                _ -> {},
                target -> writeModel(target.resolve("deep/model"), 2, Existing.KEEP),
                target -> {
                    Path model = target.resolve("deep/model");
                    if (Files.exists(model)) {
                        assertSame(content(model), List.of(fresh));
                    }
                    ModelWriter.recover(model);
                    if (Files.exists(model.getParent())) {
                        assertThat(names(model.getParent())).isSubsetOf("model");
                    }
                },
                target -> assertSame(content(target.resolve("deep/model")), List.of(fresh)));
    }

    @Test
    void aTrainingGoesOnToTheSameBits() throws Exception {
        try (Backend backend = VectorBackend.open(1)) {
            Path whole = folder.resolve("whole");
            training(whole).run(backend, new TrainingListener() {});
            var expected = content(whole);
            Step end = target -> assertSame(content(target), List.of(expected));
            int disks = failing(
                    STRIDE,
                    _ -> {},
                    target -> training(target).run(backend, new TrainingListener() {}),
                    target -> {
                        if (!Files.exists(target)
                                || Files.exists(training(target).checkpoint())) {
                            training(target).run(backend, new TrainingListener() {});
                        }
                        end.run(target);
                        assertThat(names(target.getParent())).isSubsetOf("out", ".out.lock");
                    },
                    end);
            assertThat(disks).isGreaterThan(100);
        }
    }

    /** What is tested here is worth as much as the record: a writer that syncs nothing leaves an empty file under the name. */
    @Test
    void whatIsNotSyncedMayBeLost() throws IOException {
        Path here = files.watch(Files.createDirectory(folder.resolve("here")));
        try (var channel =
                FileChannel.open(here.resolve("half"), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        }
        Files.move(here.resolve("half"), here.resolve("out"));
        assertThat(files.certain()).containsOnlyKeys("/");
        assertThat(files.disks())
                .anySatisfy(disk -> assertThat(disk.get("/out")).isEqualTo(ByteBuffer.allocate(0)));
        AtomicFiles.syncDirectory(here);
        assertThat(files.certain().get("/out")).isEqualTo(ByteBuffer.allocate(0));
    }
}
