package io.tokenwise.distill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.TestModels;
import io.tokenwise.acm.leave.PlanLosses;
import io.tokenwise.api.BadFileException;
import io.tokenwise.api.Precision;
import io.tokenwise.backend.Backend;
import io.tokenwise.backend.cpu.VectorBackend;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import io.tokenwise.model.open.Models;
import io.tokenwise.train.TrainingOutput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Workers that are threads, as those of Spark are tasks. */
class WorkersTest {
    private static final int STEPS = 32;
    static final int NEVER = -1;

    @TempDir
    Path folder;

    @BeforeEach
    void write() throws IOException {
        TestModels.writeSmall(folder.resolve("dense"));
    }

    /** Where threads meet; the last of them, at its meeting of that number, from 0, is killed instead. */
    static final class Room {
        private final CyclicBarrier barrier;
        private final String[] words;
        private final int lastMeeting;
        private int meetings;

        Room(int count, int lastMeeting) {
            barrier = new CyclicBarrier(count);
            words = new String[count];
            this.lastMeeting = lastMeeting;
        }

        List<String> meet(int rank, String said) throws IOException, InterruptedException {
            words[rank] = said;
            if (rank == words.length - 1 && meetings++ == lastMeeting) {
                throw new IOException("killed");
            }
            try {
                barrier.await();
                List<String> all = List.of(words);
                barrier.await();
                return all;
            } catch (BrokenBarrierException e) {
                throw new IOException("another worker has gone", e);
            }
        }

        /** What one does who meets others here. */
        @FunctionalInterface
        interface Work {
            void run(int rank, Workers.Meeting meeting) throws Exception;
        }

        /** Each on a thread of its own. */
        void run(Work work) throws InterruptedException, ExecutionException {
            try (var threads = Executors.newFixedThreadPool(words.length)) {
                var all = new ArrayList<Future<?>>();
                for (int i = 0; i < words.length; i++) {
                    int rank = i;
                    all.add(threads.submit(() -> {
                        try {
                            work.run(rank, said -> meet(rank, said));
                        } catch (Throwable e) {
                            leave();
                            throw e;
                        }
                        return null;
                    }));
                }
                for (Future<?> one : all) {
                    one.get();
                }
            }
        }

        /** Whoever waits or will come fails. */
        void leave() {
            Thread.currentThread().interrupt();
            assertThatThrownBy(barrier::await)
                    .isInstanceOfAny(InterruptedException.class, BrokenBarrierException.class);
        }
    }

    /** @param lastMeeting of the last worker, which is killed then */
    private void train(String out, int count, int lastMeeting) throws Exception {
        train(out, count, lastMeeting, true);
    }

    /** @param ends whether who has started the workers sees them end */
    private void train(String out, int count, int lastMeeting, boolean ends) throws Exception {
        Path target = folder.resolve(out);
        try (TrainingOutput output = TrainingOutput.begin(target, ModelWriter.Existing.KEEP)) {
            new Room(count, lastMeeting)
                    .run((rank, meeting) -> work(output.out(), new Workers(rank, count, 3, meeting)));
            if (ends) {
                // As a killed worker leaves.
                Files.createDirectory(AtomicFiles.temporarySibling(target));
                try (ModelFiles files = Models.open(folder.resolve("dense"))) {
                    run(files, output.out()).ended(output);
                }
            }
        }
    }

    private void work(Path out, Workers workers) throws Exception {
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1)) {
            run(files, out).run(workers, backend, new DistillRun.Listener() {});
        }
    }

    private static DistillRun run(ModelFiles files, Path out) {
        return ChildRun.of(files, ChildRun.leaving(STEPS, 5), out);
    }

    private void trainUntilKilled(String out, int meeting) {
        assertThatThrownBy(() -> train(out, 2, meeting)).isInstanceOf(ExecutionException.class);
        assertThat(folder.resolve(out)).doesNotExist();
    }

    private void assertSame(String one, String other) throws IOException {
        for (String file : List.of("model.safetensors", "config.json")) {
            assertThat(Files.mismatch(
                            folder.resolve(one).resolve(file),
                            folder.resolve(other).resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    private List<String> left(String out) throws IOException {
        try (var files = Files.list(folder.resolve(out + ".checkpoint"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("worker"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void oneWorkerGivesWhatARunWithoutWorkersGives() throws Exception {
        train("one", 1, NEVER);
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1)) {
            run(files, folder.resolve("alone")).run(backend, new DistillRun.Listener() {});
        }
        assertSame("alone", "one");
    }

    /** Meetings: two at the beginning, then means after steps 3, 4 (the gate's last one), 6, 9, 12, ...; checkpoints are due after 7, 14, ..., so they are of steps 9, 15, 21, 30 and 32. */
    @Test
    void workersThatAreKilledEndAsThoseThatAreNot() throws Exception {
        train("unbroken", 2, NEVER);
        trainUntilKilled("broken", 1);
        trainUntilKilled("broken", 6);
        assertThat(left("broken")).containsExactly("worker-0-of-2-step-9", "worker-1-of-2-step-9");
        // Going on from 9: means after 12, 15, 18.
        trainUntilKilled("broken", 4);
        assertThat(left("broken")).contains("worker-0-of-2-step-15", "worker-0-of-2-step-9", "worker-1-of-2-step-9");
        // As if one had been killed before it wrote its own.
        Files.delete(folder.resolve("broken.checkpoint/worker-1-of-2-step-15"));
        train("broken", 2, NEVER, false);
        assertSame("unbroken", "broken");
        assertThat(left("broken")).contains("worker-0-of-2-step-32", "worker-1-of-2-step-32");
        // Started again though all was done.
        train("broken", 2, NEVER);
        assertSame("unbroken", "broken");
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("dense", "unbroken", "broken", ".unbroken.lock", ".broken.lock");
        }
    }

    @Test
    void otherWorkersCannotGoOn() throws Exception {
        trainUntilKilled("two", 6);
        assertThatThrownBy(() -> train("two", 3, NEVER))
                .hasCauseInstanceOf(BadFileException.class)
                .hasMessageContaining("two.checkpoint: is a checkpoint of 2 workers: go on with as many, or delete it");
        assertThatThrownBy(() -> train("two", 1, NEVER))
                .hasCauseInstanceOf(BadFileException.class)
                .hasMessageContaining("two.checkpoint: is a checkpoint of several workers: go on with as many");
        AtomicFiles.deleteTree(folder.resolve("two.checkpoint"));
        Files.createFile(folder.resolve("two.checkpoint"));
        assertThatThrownBy(() -> train("two", 2, NEVER))
                .hasCauseInstanceOf(BadFileException.class)
                .hasMessageContaining("two.checkpoint: is a checkpoint of one worker alone: go on with as many");
    }

    @Test
    void whatCannotBeGoneOnFromIsSeenBefore() throws Exception {
        Path place = folder.resolve("two.checkpoint");
        try (ModelFiles files = Models.open(folder.resolve("dense"))) {
            DistillRun run = run(files, folder.resolve("two"));
            run.check(worker(2, 3), Precision.F32);
            trainUntilKilled("two", 6);
            run.check(worker(2, 3), Precision.F32);
            assertThatThrownBy(() -> run.check(worker(3, 3), Precision.F32))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("two.checkpoint: is a checkpoint of 2 workers: go on with as many");
            assertThatThrownBy(() -> run.check(Workers.ALONE, Precision.F32))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("two.checkpoint: is a checkpoint of several workers: go on with as many");
            assertThatThrownBy(() -> run.check(worker(2, 4), Precision.F32))
                    .isInstanceOf(BadFileException.class)
                    .hasMessage(place + ": belongs to a run with other settings (steps between averages: was 3, is 4):"
                            + " repeat those, or delete it to start over");
            assertThatThrownBy(() -> run.withConfig(ChildRun.leaving(STEPS, 6)).check(worker(2, 3), Precision.F32))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining("two.checkpoint: belongs to a run with other settings (seed: was 5, is 6)");
            assertThatThrownBy(() -> run.check(worker(2, 3), Precision.BF16))
                    .isInstanceOf(BadFileException.class)
                    .hasMessageContaining(
                            "two.checkpoint: belongs to a run with other settings (precision: was f32, is bf16)");
        }
        // As if a listing were out of date.
        Files.move(place.resolve("worker-1-of-2-step-9"), place.resolve("worker-1-of-2-step-6"));
        assertThatThrownBy(() -> train("two", 2, NEVER))
                .hasCauseInstanceOf(IOException.class)
                .hasMessageContaining("two.checkpoint: the workers' checkpoints have no step in common (9; 6)");
        Files.delete(place.resolve("worker-1-of-2-step-6"));
        Files.copy(place.resolve("worker-0-of-2-step-9"), place.resolve("worker-0-of-2-step-6"));
        assertThatThrownBy(() -> train("two", 2, NEVER))
                .hasCauseInstanceOf(IOException.class)
                .hasMessageMatching(
                        "(?s).*two.checkpoint: the workers' checkpoints have no step in common \\((6 9|9 6); \\).*");
    }

    @Test
    void plansLoseWhatOneWorkerMeasures() throws Exception {
        var one = new ArrayList<PlanLosses>();
        new Room(1, NEVER).run((rank, meeting) -> one.add(calibrated(new Workers(rank, 1, 1, meeting))));
        assertThat(one.getFirst().tokens()).hasSizeGreaterThan(1);
        var two = new PlanLosses[2];
        new Room(2, NEVER).run((rank, meeting) -> two[rank] = calibrated(new Workers(rank, 2, 1, meeting)));
        assertThat(two).containsOnly(one.getFirst());
    }

    /** What plans of a student lose that has learnt nothing. */
    private PlanLosses calibrated(Workers workers) throws Exception {
        List<int[]> texts = ChildRun.texts();
        try (ModelFiles files = Models.open(folder.resolve("dense"));
                Backend backend = VectorBackend.open(1);
                Encoder student = Student.of(files, backend, ChildRun.leaving(STEPS, 5), texts)) {
            student.prepare(backend.stream());
            PlanCalibrator.calibrate(student, backend, texts.subList(0, 60), workers, new DistillRun.Listener() {});
            return student.leaving().orElseThrow().plans().losses();
        }
    }

    private static Workers worker(int count, int averageSteps) {
        return new Workers(0, count, averageSteps, List::of);
    }

    @Test
    void whoDoesNotSeeTheFolderSaysSo() {
        assertThatThrownBy(() -> work(folder.resolve("elsewhere"), Workers.ALONE))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("elsewhere.lock is not seen here")
                .hasMessageContaining("must be one that all machines share");
    }
}
