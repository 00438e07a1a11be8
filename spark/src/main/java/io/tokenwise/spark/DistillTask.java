package io.tokenwise.spark;

import io.tokenwise.api.JvmFlags;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a worker of a {@link SparkDistillation} does: a task of a barrier stage, whose tasks run at the same time, and are all started again when one fails or its executor is lost.
 *
 * @param settings the same for all
 * @param texts the tokens of each
 * @param out an absolute path
 */
record DistillTask(DistillSettings settings, Broadcast<int[][]> texts, String out)
        implements FlatMapFunction<Iterator<Integer>, double[]> {
    private static final Logger LOG = LoggerFactory.getLogger(DistillTask.class);

    /** {@return the first worker's {@link Distilled#numbers}; empty of the others} */
    @Override
    public Iterator<double[]> call(Iterator<Integer> rank) throws IOException, InterruptedException {
        BarrierTaskContext task = BarrierTaskContext.get();
        requireAll(task);
        JvmFlags.advice("in spark.executor.extraJavaOptions").ifPresent(LOG::warn);
        var story = new DistillStory(task);
        List<double[]> numbers;
        try (ModelFiles files = Models.open(ExecutorModels.place(settings.teacher()));
                Backend backend = Backends.open(settings.choice(), Math.max(1, task.cpus()))) {
            DistillRun run = settings.run(files, Arrays.asList(texts.value()), Path.of(out));
            run.run(settings.worker(task.partitionId(), said -> List.of(task.allGather(said))), backend, story);
            numbers = task.partitionId() == 0
                    ? List.of(story.end(run.config().steps()).numbers())
                    : List.of();
        }
        // None ends before all have done their work: what makes requireAll necessary becomes rare.
        task.barrier();
        return numbers.iterator();
    }

    /**
     * Spark 4.2 counts a task that ends just after another one of its stage failed, and starts only the others again (SPARK-59094). These would wait for it for ever. A task that ends as if killed makes Spark start all.
     */
    static void requireAll(BarrierTaskContext task) {
        if (task.getTaskInfos().length < task.numPartitions()) {
            throw new TaskKilledException("tokenwise: not all workers were started again");
        }
    }
}
