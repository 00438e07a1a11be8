package io.tokenwise.spark;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Precision;
import io.tokenwise.distill.DistillConfig;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.distill.Workers;
import io.tokenwise.io.StoredType;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.ModelWriter;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;

/**
 * What a {@link SparkDistillation} sends to its workers.
 *
 * @param teacher a model's name or folder
 * @param tokens that all workers train on together
 * @param seed of what each of them is given when
 * @param workers how many there are
 * @param averageSteps after so many steps of each worker the mean is taken
 * @param checkpointSteps after so many steps of each worker checkpoints are written
 * @param backend of every worker
 * @param precision of its products
 * @param inBytes whether the model's matrices are stored in 8 bits
 */
record DistillSettings(
        String teacher,
        long tokens,
        long seed,
        int workers,
        int averageSteps,
        int checkpointSteps,
        BackendChoice.Kind backend,
        Precision precision,
        boolean inBytes)
        implements Serializable {
    static DistillSettings of(String teacher) {
        return new DistillSettings(teacher, 800_000, 1, 1, 20, 50, BackendChoice.Kind.AUTO, Precision.F32, false);
    }

    DistillSettings withTokens(long newTokens) {
        return new DistillSettings(
                teacher, newTokens, seed, workers, averageSteps, checkpointSteps, backend, precision, inBytes);
    }

    DistillSettings withSeed(long newSeed) {
        return new DistillSettings(
                teacher, tokens, newSeed, workers, averageSteps, checkpointSteps, backend, precision, inBytes);
    }

    DistillSettings withWorkers(int newWorkers) {
        return new DistillSettings(
                teacher, tokens, seed, newWorkers, averageSteps, checkpointSteps, backend, precision, inBytes);
    }

    DistillSettings withAverageSteps(int steps) {
        return new DistillSettings(teacher, tokens, seed, workers, steps, checkpointSteps, backend, precision, inBytes);
    }

    DistillSettings withCheckpointSteps(int steps) {
        return new DistillSettings(teacher, tokens, seed, workers, averageSteps, steps, backend, precision, inBytes);
    }

    DistillSettings withBackend(BackendChoice choice) {
        Precision newPrecision = choice.precision() == null ? Precision.F32 : choice.precision();
        return new DistillSettings(
                teacher, tokens, seed, workers, averageSteps, checkpointSteps, choice.kind(), newPrecision, inBytes);
    }

    DistillSettings storedInBytes() {
        return new DistillSettings(
                teacher, tokens, seed, workers, averageSteps, checkpointSteps, backend, precision, true);
    }

    BackendChoice choice() {
        return new BackendChoice(backend, precision);
    }

    /** One of the workers, who wait for each other there. */
    Workers worker(int rank, Workers.Meeting meeting) {
        return workers == 1 ? Workers.ALONE : new Workers(rank, workers, averageSteps, meeting);
    }

    /** The same for all workers: steps are those of each. As these are fewer, rates are higher (docs/lab/spark.md, Distillation). */
    DistillRun run(ModelFiles files, List<int[]> texts, Path out) {
        DistillConfig config = DistillConfig.forTokens(tokens / workers, seed)
                .suiting(files.description())
                .withRatesTimes(workers);
        StoredType stored = inBytes ? StoredType.S8 : StoredType.F32;
        return new DistillRun(files, texts, config, out, ModelWriter.Existing.KEEP, checkpointSteps, stored);
    }
}
