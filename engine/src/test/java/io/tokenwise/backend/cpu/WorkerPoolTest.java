package io.tokenwise.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tokenwise.kernels.Scratch;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkerPoolTest {
    /** Counts how often each of its tasks runs. */
    private static final class CountingJob extends Job {
        private final AtomicIntegerArray runs = new AtomicIntegerArray(64);
        private volatile int failing = -1;

        @Override
        protected void run(int task, Scratch scratch) {
            runs.incrementAndGet(task);
            if (task == failing) {
                throw new ArithmeticException("task " + task);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyTaskRunsOnceWhoeverElseIsAtWork(int threads) throws Exception {
        int callers = 8;
        int rounds = 20_000;
        try (WorkerPool pool = new WorkerPool(threads);
                ExecutorService executor = Executors.newFixedThreadPool(callers)) {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (int caller = 0; caller < callers; caller++) {
                int seed = caller;
                tasks.add(() -> {
                    var job = new CountingJob();
                    var scratch = new Scratch();
                    for (int round = 1; round <= rounds; round++) {
                        int count = 1 + (round * 7 + seed) % 5;
                        pool.run(job, count, scratch);
                        for (int task = 0; task < 6; task++) {
                            int expected = task < count ? 1 : 0;
                            if (job.runs.getAndSet(task, 0) != expected) {
                                throw new AssertionError("caller " + seed + ", round " + round + ", task " + task);
                            }
                        }
                    }
                    return null;
                });
            }
            for (Future<Void> result : executor.invokeAll(tasks)) {
                result.get();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void exceptionOfATaskReachesTheCallerAndThePoolGoesOn(int threads) {
        try (WorkerPool pool = new WorkerPool(threads)) {
            var job = new CountingJob();
            for (int round = 0; round < 1000; round++) {
                job.failing = round % 32;
                assertThatThrownBy(() -> pool.run(job, 32, new Scratch()))
                        .isInstanceOf(ArithmeticException.class)
                        .hasMessage("task " + job.failing);
                job.failing = -1;
                pool.run(job, 32, new Scratch());
            }
            for (int task = 0; task < 32; task++) {
                assertThat(job.runs.get(task)).isEqualTo(2000);
            }
        }
    }

    @Test
    void tasksRunOnSeveralThreads() throws InterruptedException {
        try (WorkerPool pool = new WorkerPool(2)) {
            Set<Thread> seen = ConcurrentHashMap.newKeySet();
            var bothHere = new CountDownLatch(2);
            pool.run(
                    new Job() {
                        @Override
                        protected void run(int task, Scratch scratch) {
                            seen.add(Thread.currentThread());
                            bothHere.countDown();
                            try {
                                assertThat(bothHere.await(30, TimeUnit.SECONDS)).isTrue();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        }
                    },
                    2,
                    new Scratch());
            assertThat(seen).hasSize(2).contains(Thread.currentThread());
        }
    }

    @Test
    void interruptedCallerStillGetsItsResultAndStaysInterrupted() {
        try (WorkerPool pool = new WorkerPool(3)) {
            var job = new CountingJob();
            Thread.currentThread().interrupt();
            for (int round = 0; round < 1000; round++) {
                pool.run(job, 8, new Scratch());
            }
            assertThat(Thread.interrupted()).isTrue();
            assertThat(job.runs.get(7)).isEqualTo(1000);
        }
    }

    @Test
    void idlePoolUsesNoProcessorTime() throws InterruptedException {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (WorkerPool pool = new WorkerPool(4)) {
            pool.run(new CountingJob(), 32, new Scratch());
            List<Thread> workers = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread ->
                            !before.contains(thread) && thread.getName().startsWith("tokenwise-worker"))
                    .toList();
            assertThat(workers).hasSize(3);
            // As who ends all threads of a process does.
            workers.forEach(Thread::interrupt);
            // They look for work for some microseconds; wait until all have parked.
            for (Thread worker : workers) {
                while (worker.getState() != Thread.State.WAITING) {
                    Thread.sleep(1);
                }
            }
            // A permit left over from a wake-up lets a worker look once more, the kernel accounts for time late, and
            // where much else runs both take long: one idle window of
            // many is looked for, of which a pool that looks for work has none.
            long used;
            do {
                used = processorNanos(workers);
                Thread.sleep(Duration.ofMillis(500));
            } while (processorNanos(workers) > used);
        }
    }

    private static long processorNanos(List<Thread> threads) {
        ThreadMXBean bean = ManagementFactory.getThreadMXBean();
        return threads.stream()
                .mapToLong(thread -> bean.getThreadCpuTime(thread.threadId()))
                .sum();
    }

    @Test
    void closedPoolsThreadsEnd() throws InterruptedException {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        WorkerPool pool = new WorkerPool(3);
        List<Thread> workers = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !before.contains(thread) && thread.getName().startsWith("tokenwise-worker"))
                .toList();
        pool.close();
        for (Thread worker : workers) {
            assertThat(worker.join(Duration.ofSeconds(50))).isTrue();
        }
    }
}
