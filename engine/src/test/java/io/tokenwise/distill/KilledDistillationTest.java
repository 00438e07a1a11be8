package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;

import io.tokenwise.ChildJvm;
import io.tokenwise.TestModels;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A distillation that is killed (SIGKILL) again and again ends with the same weights as an unbroken one. */
class KilledDistillationTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsAsAnUnbrokenOne(boolean tokensLeave) throws Exception {
        DistillConfig config = tokensLeave ? ChildRun.leaving(ChildRun.STEPS, 5) : ChildRun.config(ChildRun.STEPS, 5);
        Path model = folder.resolve("dense");
        TestModels.writeSmall(model);
        Path unbroken = folder.resolve("unbroken");
        try (ModelFiles files = Models.open(model);
                Backend backend = VectorBackend.open(2)) {
            ChildRun.of(files, config, unbroken).run(backend, new DistillRun.Listener() {});
        }
        Path broken = folder.resolve("broken");
        Path checkpoint = folder.resolve("broken.checkpoint");
        var random = new Random();
        for (int kill = 0; kill < ChildRun.KILLS; kill++) {
            Process child = start(model, broken, tokensLeave);
            awaitChange(checkpoint, child);
            Thread.sleep(random.nextInt(150));
            assertThat(child.isAlive())
                    .as("the child still runs when it is killed")
                    .isTrue();
            child.destroyForcibly();
            assertThat(child.waitFor()).as("killed by signal 9").isEqualTo(137);
            assertThat(broken).doesNotExist();
        }
        assertThat(start(model, broken, tokensLeave).waitFor()).isZero();
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

    private static Process start(Path model, Path out, boolean tokensLeave) throws Exception {
        List<String> kills = List.of("-D" + ChildRun.KILLS_PROPERTY + "=" + ChildRun.KILLS);
        String[] arguments = tokensLeave
                ? new String[] {model.toString(), out.toString(), "tokens"}
                : new String[] {model.toString(), out.toString()};
        return ChildJvm.of(kills, ChildRun.class, arguments)
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
