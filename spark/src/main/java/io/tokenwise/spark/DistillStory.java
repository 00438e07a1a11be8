package io.tokenwise.spark;

import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Distillation;
import io.tokenwise.distill.History;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What happens to a worker, and how long it takes. A task that is to be killed ends by it. For one thread. */
final class DistillStory implements DistillRun.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(DistillStory.class);

    private final TaskContext task;
    private final int worker;
    private final long begun = System.nanoTime();
    private long trainedFrom;
    private long trainedTo;
    private long averaged;
    private History.Quality quality;

    /** @param task that the worker is; null of one without Spark */
    DistillStory(TaskContext task) {
        this.task = task;
        worker = task == null ? 0 : task.partitionId();
    }

    @Override
    public void begins() {
        trainedFrom = System.nanoTime();
    }

    @Override
    public void resumed(int nextStep, History history) {
        LOG.info("distillation: worker {} goes on at step {}", worker, nextStep);
    }

    @Override
    public void step(Distillation.Step step) {
        endIfKilled();
    }

    @Override
    public void averaged(long nanos) {
        averaged += nanos;
    }

    @Override
    public void quality(History.Quality measured) {
        endIfKilled();
        quality = measured;
        LOG.info(
                "distillation: agreement with the teacher after {} steps, at half of the multiply-adds: {}",
                measured.step(),
                measured.agreement());
    }

    @Override
    public void written(History history) {
        LOG.info("distillation: the model is written");
        endIfKilled();
    }

    @Override
    public void trained() {
        trainedTo = System.nanoTime();
    }

    /** After the end of the first worker. */
    Distilled end(int steps) {
        return new Distilled(
                steps,
                quality.agreement(),
                quality.spent(),
                seconds(trainedFrom - begun),
                seconds(trainedTo - trainedFrom),
                seconds(averaged),
                seconds(System.nanoTime() - trainedTo));
    }

    /** Without a task there is nothing to ask, and no class of Spark may be touched: it need not be there. */
    private void endIfKilled() {
        if (task != null) Chunks.endIfKilled(task);
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
