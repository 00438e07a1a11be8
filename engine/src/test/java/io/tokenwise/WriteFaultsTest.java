package io.tokenwise;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.FaultyFileSystem.Fault;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.image.ImagePreparation;
import io.tokenwise.image.LabelledImages;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.Safetensors;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ImageDescription;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.ModelWriter.Existing;
import io.tokenwise.model.vit.VitArchitecture;
import io.tokenwise.model.vit.VitFamily;
import io.tokenwise.train.TrainingListener;
import io.tokenwise.train.VitTrainingConfig;
import io.tokenwise.train.VitTrainingRun;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Disks that are full, and file systems that become read-only, at every single thing that a writer does: what has a final name is old or new as a whole, and the next run goes on. */
class WriteFaultsTest {
    /** Of a training's changes every so many-th fails; all with {@code -Dtokenwise.long=true}. */
    private static final int STRIDE = Boolean.getBoolean("tokenwise.long") ? 1 : 97;

    private static final VitArchitecture SIZES = new VitArchitecture(16, 1, 2, 32, 8, 4, 2, 1e-6);

    @TempDir
    private Path folder;

    private final FaultyFileSystem files = new FaultyFileSystem();

    /** What writes. */
    @FunctionalInterface
    private interface Writer {
        void write(Path target) throws IOException, InterruptedException;
    }

    /** What is looked at after a failure. */
    @FunctionalInterface
    private interface Check {
        void check(Path target) throws IOException;
    }

    /** Lets each change of the writer fail in turn, alone and with all after it, and tells how many there were. */
    private int failing(Fault fault, int stride, Writer before, Writer writer, Check check) throws Exception {
        int failures = 0;
        for (boolean lasting : new boolean[] {false, true}) {
            for (int number = 0; ; number += stride) {
                Path here = Files.createDirectory(folder.resolve(fault + "-" + lasting + "-" + number));
                Path target = files.in(here).resolve("out");
                files.heal();
                before.write(target);
                files.fail(number, fault, lasting);
                try {
                    writer.write(target);
                } catch (IOException e) {
                    assertThat(e.getMessage())
                            .as("one line with the name that the user knows")
                            .startsWith(target.toAbsolutePath() + "")
                            .endsWith(fault.reason())
                            .doesNotContain(".tmp", "\n");
                }
                if (!files.hasFailed()) {
                    break;
                }
                failures++;
                files.heal();
                check.check(target);
                AtomicFiles.deleteTree(here);
            }
        }
        return failures;
    }

    static Map<String, byte[]> content(Path directory) throws IOException {
        var content = new TreeMap<String, byte[]>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                content.put(directory.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        return content;
    }

    static List<String> names(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFileIsOldOrNew(Fault fault) throws Exception {
        byte[] old = {1, 2, 3};
        byte[] fresh = new byte[100];
        Writer write = target -> AtomicFiles.write(target, out -> {
            out.write(fresh, 0, 50);
            out.write(fresh, 50, 50);
        });
        int failures = failing(fault, 1, target -> AtomicFiles.write(target, out -> out.write(old)), write, target -> {
            assertThat(Files.readAllBytes(target)).isIn(old, fresh);
            AtomicFiles.deleteLeftovers(target);
            assertThat(names(target.getParent())).containsExactly("out");
        });
        assertThat(failures)
                .as("opened, written twice, synced, renamed, folder synced")
                .isGreaterThanOrEqualTo(10);
    }

    static void writeModel(Path target, double deviation, Existing existing) throws IOException {
        var description = TestVits.describe(SIZES);
        try (Arena arena = Arena.ofConfined()) {
            var weights = TestVits.weights(arena, SIZES);
            weights.values().iterator().next().floats().fill((byte) (deviation * 10));
            ModelWriter.write(target, description, weights, null, existing);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aModelThatIsReplacedIsOldOrNew(Fault fault) throws Exception {
        writeModel(folder.resolve("old"), 1, Existing.KEEP);
        writeModel(folder.resolve("new"), 2, Existing.KEEP);
        var old = content(folder.resolve("old"));
        var fresh = content(folder.resolve("new"));
        failing(
                fault,
                1,
                target -> writeModel(target, 1, Existing.KEEP),
                target -> writeModel(target, 2, Existing.REPLACE),
                target -> {
                    if (Files.exists(target)) {
                        assertSame(content(target), List.of(old, fresh));
                    }
                    ModelWriter.recover(target);
                    assertSame(content(target), List.of(old, fresh));
                    assertThat(names(target.getParent())).containsExactly("out");
                });
    }

    @ParameterizedTest
    @EnumSource
    void aNewModelIsThereOrNot(Fault fault) throws Exception {
        writeModel(folder.resolve("new"), 2, Existing.KEEP);
        var fresh = content(folder.resolve("new"));
        failing(fault, 1, _ -> {}, target -> writeModel(target, 2, Existing.KEEP), target -> {
            if (Files.exists(target)) {
                assertSame(content(target), List.of(fresh));
            }
            ModelWriter.recover(target);
            assertThat(names(target.getParent())).isIn(List.of(), List.of("out"));
        });
    }

    static void assertSame(Map<String, byte[]> content, List<Map<String, byte[]>> allowed) {
        assertThat(allowed.stream()
                        .anyMatch(map -> map.keySet().equals(content.keySet())
                                && map.keySet().stream()
                                        .allMatch(name -> Arrays.equals(map.get(name), content.get(name)))))
                .as("files " + content.keySet())
                .isTrue();
    }

    static VitTrainingRun training(Path out) {
        var random = new SplittableRandom(1);
        var pixels = new ArrayList<int[]>();
        var labels = new int[24];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 2;
            pixels.add(random.ints(64, 0, 1 << 24).toArray());
        }
        var images = new LabelledImages(8, 8, pixels, labels, List.of("a", "b"));
        var description = new ImageDescription(
                "vit", VitFamily.VIT, SIZES, ImagePreparation.stretched(8), List.of("a", "b"), Optional.empty());
        var config = new VitTrainingConfig(2, 8, 1e-3, .05, .1, true, .3, .5, .5, 3);
        return new VitTrainingRun(description, images, config, out, 2, StoredType.F32);
    }

    @ParameterizedTest
    @EnumSource
    void aTrainingGoesOnToTheSameBits(Fault fault) throws Exception {
        try (Backend backend = VectorBackend.open(1)) {
            Path whole = folder.resolve("whole");
            training(whole).run(backend, new TrainingListener() {});
            var expected = content(whole);
            int failures = failing(
                    fault,
                    STRIDE,
                    _ -> {},
                    target -> training(target).run(backend, new TrainingListener() {}),
                    target -> {
                        Path checkpoint = training(target).checkpoint();
                        if (Files.exists(checkpoint)) {
                            Safetensors.open(checkpoint).close();
                        }
                        boolean done = Files.exists(target) && !Files.exists(checkpoint);
                        if (Files.exists(target)) {
                            assertSame(content(target), List.of(expected));
                        }
                        try {
                            if (!done) {
                                training(target).run(backend, new TrainingListener() {});
                            }
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                        assertSame(content(target), List.of(expected));
                        assertThat(names(target.getParent())).isSubsetOf("out", ".out.lock");
                    });
            assertThat(failures)
                    .as("of the first change, alone and with all after it")
                    .isGreaterThanOrEqualTo(2);
        }
    }
}
