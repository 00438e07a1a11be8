package io.tokenwise.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.tokenwise.TextEncoder;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.TorchScript;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** As many threads as are asked for, and no others, also where another library has brought an OpenMP of its own. */
class ThreadsTest {
    private static final Path TASKS = Path.of("/proc/self/task");

    /** What Linux makes of our workers' names, and what a thread that native code starts has from a caller of this name. */
    private static final String WORKER = "tokenwise-worke";

    private static final String CALLER = "test-caller";

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void threadsAreObeyedBesideLibtorch() throws Exception {
        assumeTrue(Files.isDirectory(TASKS), "no " + TASKS + " on this system");
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "OpenMP starts no thread on one processor");
        assumeTrue(TorchScript.isAvailable(), "no libtorch for this platform");
        List<int[]> texts;
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            texts = Scenario.sample(minilm.tokenizer());
        }
        try (var torch = new TorchModel(2)) {
            var caller = torch.contender().callers().get();
            assertThat(tasksOfCaller(() -> caller.encode(texts)))
                    .as("this test sees threads that native code starts")
                    .isGreaterThan(1);
            for (OwnEngine engine : OwnEngine.all()) {
                if (engine.refusal().isPresent()) {
                    continue;
                }
                for (int threads : new int[] {1, 3}) {
                    Set<Path> before = tasks(WORKER);
                    try (OwnModel own = OwnModel.dense(engine, threads)) {
                        assertThat(tasksOfCaller(() -> own.encode(texts, Budget.FULL)))
                                .as(engine.name())
                                .isEqualTo(1);
                        assertThat(newWorkers(before, threads - 1))
                                .as(engine.name())
                                .hasSize(threads - 1);
                    }
                }
            }
        }
    }

    /** The threads that exist with a caller's name when it has done its work: itself, and those that native code has started for it. */
    private static int tasksOfCaller(Callable<float[][]> work) throws Exception {
        var task = new FutureTask<>(() -> {
            work.call();
            return tasks(CALLER).size();
        });
        new Thread(task, CALLER).start();
        return task.get();
    }

    /**
     * The workers that were not there before, as soon as there are so many: a thread gives itself its name when it first runs, which under load may be after the work is done. Those of other
     * tests may still be about to end.
     */
    private static Set<Path> newWorkers(Set<Path> before, int wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Set<Path> workers = tasks(WORKER);
            workers.removeAll(before);
            if (workers.size() >= wanted || System.nanoTime() > end) {
                return workers;
            }
            Thread.sleep(5);
        }
    }

    private static Set<Path> tasks(String name) {
        try (var tasks = Files.list(TASKS)) {
            return tasks.filter(task -> nameOf(task).equals(name)).collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String nameOf(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            return "a thread that has just ended";
        }
    }

    /** As in a container with half a core, of which the JVM makes one processor. */
    @Test
    void onOneProcessorTheCallerWorksAlone() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:ActiveProcessorCount=1",
                        "--add-modules=jdk.incubator.vector",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ThreadsTest.class.getName())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (var out = process.inputReader()) {
            assertThat(out.lines().toList()).containsExactly("1 thread, 4 calls, 0 workers");
        }
        assertThat(process.waitFor()).isZero();
    }

    /** What the process runs. */
    public static void main(String[] args) throws IOException {
        EngineOptions options = EngineOptions.defaults();
        try (TextEncoder encoder = TextEncoder.open("minilm")) {
            encoder.embed("a text");
            long workers = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("tokenwise-worker"))
                    .count();
            System.out.println(encoder.model().backend().threads() + " thread, " + options.concurrentCalls()
                    + " calls, " + workers + " workers");
        }
    }
}
