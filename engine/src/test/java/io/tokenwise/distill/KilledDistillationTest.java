package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.ChildJvm;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
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

    /** Steps from the beginning of one life to that of the next. */
    private static final int LIFE = 40;

    /** Where it is over at the latest: a checkpoint is written before. */
    private static final int LAST_STEPS = 20;

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource
    void endsAsAnUnbrokenOne(ChildRun.Kind kind) throws Exception {
        // Lives begin evenly spread over the steps: three in all phases, two in the first and in the last one.
        int kills = KILLS != null ? KILLS : kind == ChildRun.Kind.LEARNERS ? 3 : 2;
        int steps = LIFE * kills;
        DistillConfig config = kind.config(steps, 5);
        Path model = Files.createDirectory(folder.resolve("dense"));
        kind.writeModel(model);
        Path unbroken = folder.resolve("unbroken");
        Path broken = folder.resolve("broken");
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
            DistillRun run = ChildRun.of(files, config, broken);
            for (int kill = 0; kill < kills; kill++) {
                goOnTo(kill * LIFE, run, backend);
                startAndKill(model, broken, kind, steps);
                assertThat(broken).doesNotExist();
            }
            run.run(backend, new DistillRun.Listener() {});
        }
        try (var left = Files.list(folder)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("dense", "unbroken", "broken", ".unbroken.lock", ".broken.lock");
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

    private static void goOnTo(int step, DistillRun run, Backend backend) {
        if (step == 0) {
            return;
        }
        assertThatThrownBy(() -> run.run(backend, new DistillRun.Listener() {
                    @Override
                    public void step(Distillation.Step done) {
                        if (done.step() + 1 == step) {
                            Thread.currentThread().interrupt();
                        }
                    }
                }))
                .isInstanceOf(InterruptedException.class);
    }

    private static void startAndKill(Path model, Path out, ChildRun.Kind kind, int steps) throws Exception {
        Path checkpoint = out.resolveSibling(out.getFileName() + ".checkpoint");
        long before = lastChange(checkpoint);
        Process child = start(model, out, kind, steps);
        // So that each life gets some way.
        while (child.isAlive() && lastChange(checkpoint) == before) {
            Thread.sleep(5);
        }
        Thread.sleep(new Random().nextInt(150));
        child.destroyForcibly();
        assertThat(child.waitFor()).as("killed by signal 9").isEqualTo(137);
    }

    private static Process start(Path model, Path out, ChildRun.Kind kind, int steps) throws Exception {
        return ChildJvm.of(
                        List.of(),
                        ChildRun.class,
                        model.toString(),
                        out.toString(),
                        kind.name(),
                        Integer.toString(steps),
                        Integer.toString(LAST_STEPS))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    /** In nanoseconds; 0 if it is not there. */
    private static long lastChange(Path file) throws IOException {
        return Files.exists(file) ? Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS) : 0;
    }
}
