package io.tokenwise.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskKilled;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.AccumulatorV2;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers of which Spark starts only one again. */
class DistillTaskTest {
    private static final JavaSparkContext SPARK =
            JavaSparkContext.fromSparkContext(LocalSpark.session().sparkContext());

    /** The driver is about to know that the second task has ended. */
    private static final CountDownLatch READING = new CountDownLatch(1);

    /** The driver knows that the first one was killed. */
    private static final CountDownLatch KILLED = new CountDownLatch(1);

    private static final List<String> STARTED = new CopyOnWriteArrayList<>();

    /** Of two tasks one is killed, and that the other one has ended is known just after that. */
    @Test
    @Timeout(value = 1, unit = TimeUnit.MINUTES)
    void allAreStartedAgain() {
        var late = new Late();
        SPARK.sc().register(late);
        var listener = new KilledTasks();
        SPARK.sc().addSparkListener(listener);
        try {
            JavaRDD<Integer> two = SparkDistillation.together(SPARK.parallelize(List.of(0, 1), 2));
            assertThat(two.mapPartitions(ranks -> run(late)).coalesce(1, true).collect())
                    .containsExactlyInAnyOrder(0, 1);
        } finally {
            SPARK.sc().removeSparkListener(listener);
        }
        assertThat(STARTED)
                .containsExactlyInAnyOrder(
                        "worker 0 of attempt 0",
                        "worker 1 of attempt 0",
                        "worker 0 of attempt 1",
                        "worker 0 of attempt 2",
                        "worker 1 of attempt 2");
    }

    /** @param late which a task has by reading it: its value comes with the task's result */
    private static Iterator<Integer> run(Late late) throws InterruptedException {
        BarrierTaskContext task = BarrierTaskContext.get();
        STARTED.add("worker " + task.partitionId() + " of attempt " + task.stageAttemptNumber());
        DistillTask.requireAll(task);
        if (task.stageAttemptNumber() > 0) {
            task.barrier();
        } else if (task.partitionId() == 0) {
            READING.await();
            throw new TaskKilledException("a test");
        }
        return List.of(task.partitionId()).iterator();
    }

    private static final class KilledTasks extends SparkListener {
        @Override
        public void onTaskEnd(SparkListenerTaskEnd end) {
            if (end.reason() instanceof TaskKilled) {
                KILLED.countDown();
            }
        }
    }

    /** A value of a task that the driver reads only when it knows of the killed one. */
    private static final class Late extends AccumulatorV2<Integer, Integer> {
        private static final long serialVersionUID = 1;

        private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
            in.defaultReadObject();
            if (Thread.currentThread().getName().startsWith("task-result-getter")) {
                READING.countDown();
                try {
                    KILLED.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        }

        @Override
        public boolean isZero() {
            return true;
        }

        @Override
        public AccumulatorV2<Integer, Integer> copy() {
            return new Late();
        }

        @Override
        public void reset() {
            // It holds nothing.
        }

        @Override
        public void add(Integer value) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void merge(AccumulatorV2<Integer, Integer> other) {
            // It holds nothing.
        }

        @Override
        public Integer value() {
            return 0;
        }
    }
}
