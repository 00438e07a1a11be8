package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.ChildJvm;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A distillation that is killed (SIGKILL) again and again ends with the same weights as an unbroken one. */
class KilledDistillationTest {
    /** How often each kind is killed, if it is said: {@code ./tokenwise test engine -Dtest=KilledDistillationTest -Dtokenwise.kills=20} takes longer. */
    private static final Integer KILLS = Integer.getInteger("tokenwise.kills");

    /** Steps of one life: from one checkpoint to the next and some way beyond. */
    private static final int LIFE = 40;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void endsAsAnUnbrokenOne(ChildRun.Kind kind) throws Exception {
        int kills = KILLS != null ? KILLS : kind == ChildRun.Kind.LEARNERS ? 3 : 1;
        int steps = LIFE * (kills + 1);
        DistillConfig config = kind.config(steps, 5);
        Path model = Files.createDirectory(folder.resolve("dense"));
        kind.writeModel(model);
        Path unbroken = folder.resolve("unbroken");
        try (ModelFiles files = Models.open(model);
                Backend backend = VectorBackend.open(2)) {
            var losses = new ArrayList<Double>();
            ChildRun.of(files, config, unbroken).run(backend, new DistillRun.Listener() {
                @Override
                public void step(Distillation.Step step) {
                    losses.add(step.loss());
                }
            });
            // Of the first phase, learners: from slices of random weights to what imitates all of them.
            int learned = steps / 4;
            if (kind == ChildRun.Kind.DECODER) {
                assertThat(mean(losses.subList(learned - 10, learned))).isLessThan(mean(losses.subList(0, 10)));
            }
        }
        Path broken = folder.resolve("broken");
        Path checkpoint = folder.resolve("broken.checkpoint");
        var random = new Random();
        for (int kill = 0; kill < kills; kill++) {
            Process child = start(model, broken, kind, steps, LIFE);
            awaitChange(checkpoint, child);
            Thread.sleep(random.nextInt(150));
            child.destroyForcibly();
            assertThat(child.waitFor()).as("killed by signal 9").isEqualTo(137);
            assertThat(broken).doesNotExist();
        }
        assertThat(start(model, broken, kind, steps, steps).waitFor()).isZero();
        try (var left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("dense", "unbroken", "broken");
        }
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(unbroken.resolve(file), broken.resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static Process start(Path model, Path out, ChildRun.Kind kind, int steps, int life) throws Exception {
        return ChildJvm.of(
                        List.of(),
                        ChildRun.class,
                        model.toString(),
                        out.toString(),
                        kind.name(),
                        Integer.toString(steps),
                        Integer.toString(life))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** Waits until the child has written a checkpoint of its own, so that each life gets some way. */
    private static void awaitChange(Path checkpoint, Process child) throws Exception {
        long before =
                Files.exists(checkpoint) ? Files.getLastModifiedTime(checkpoint).to(TimeUnit.NANOSECONDS) : 0;
        while (child.isAlive()
                && (!Files.exists(checkpoint)
                        || Files.getLastModifiedTime(checkpoint).to(TimeUnit.NANOSECONDS) == before)) {
            Thread.sleep(5);
        }
    }
}
