package io.tokenwise.bench.scale;

import java.util.List;

/**
 * Texts that get vectors.
 *
 * @param texts how many
 * @param textsPerTask at most; all tasks have about as many
 * @param textBytes of a row as it is read, on average
 * @param vectorBytes of a row as it is written
 * @param shuffled whether rows are dealt out to other tasks before, as {@code repartition} does
 */
record Job(long texts, int textsPerTask, double textBytes, double vectorBytes, boolean shuffled) {
    /** More than Spark's driver holds; and a simulation of them takes minutes. */
    static final int MOST_TASKS = 20_000_000;

    private static final double MEGABYTE = 1e6;

    /** @throws IllegalArgumentException if there would be more tasks than a driver can have */
    Job {
        if (tasks(texts, textsPerTask) > MOST_TASKS) {
            throw new IllegalArgumentException(texts + " texts in partitions of " + textsPerTask + " are "
                    + tasks(texts, textsPerTask) + " tasks, must be at most " + MOST_TASKS
                    + "; make partitions larger");
        }
    }

    private static long tasks(long texts, int textsPerTask) {
        return (texts + textsPerTask - 1) / textsPerTask;
    }

    int tasks() {
        return (int) tasks(texts, textsPerTask);
    }

    List<Stage> stages(TextCost cost) {
        int tasks = tasks();
        double ofTask = (double) texts / tasks;
        double read = ofTask * textBytes / MEGABYTE;
        double seconds = ofTask * cost.micros() * 1e-6;
        double deviation = Math.sqrt(ofTask) * cost.deviation() * 1e-6;
        double written = ofTask * vectorBytes / MEGABYTE;
        return shuffled
                ? List.of(
                        new Stage(tasks, read, 0, 0, 0, 0, read, 0),
                        new Stage(tasks, 0, read, tasks, seconds, deviation, 0, written))
                : List.of(Stage.whole(tasks, read, seconds, deviation, written));
    }
}
