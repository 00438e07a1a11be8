package io.tokenwise.bench.scale;

import java.util.Comparator;
import java.util.Map;

/**
 * What a simulated job took.
 *
 * @param seconds from the start of the first executor to the end of the last task
 * @param coreSeconds what cores did meanwhile; all together {@code seconds} of each core
 * @param tasks that came to their end
 * @param repeated tasks that died with their executor and began anew
 * @param requests to the object store
 * @param readMegabytes from the store, repeated tasks' too
 * @param writtenMegabytes to the store
 * @param shuffledMegabytes that went from executor to executor
 * @param shortSeconds in which the store gave less than all together could have taken
 */
record Outcome(
        double seconds,
        Map<Activity, Double> coreSeconds,
        int tasks,
        int repeated,
        long requests,
        double readMegabytes,
        double writtenMegabytes,
        double shuffledMegabytes,
        double shortSeconds) {
    /** What a core can do. */
    enum Activity {
        /** What it is there for. */
        COMPUTING,
        /** Reads from the store, writes to it, or waits for it. */
        MOVING,
        /** Leaves rows for other executors, or takes them. */
        SHUFFLING,
        /** Waits until the driver launches its task. */
        LAUNCHING,
        /** Its executor comes up, opens the model, and compiles. */
        STARTING,
        /** What stragglers take longer. */
        STRAGGLING,
        /** Whatever was done in a task whose executor died. */
        LOST,
        /** Has nothing to do, as others end their last tasks. */
        IDLE
    }

    double coreHours() {
        return coreSeconds.values().stream().mapToDouble(Double::doubleValue).sum() / 3600;
    }

    /** Of all core-seconds, 0 to 1. */
    double share(Activity activity) {
        return coreSeconds.get(activity) / 3600 / coreHours();
    }

    /** What most of the cores' time went to, for people. */
    String bound() {
        Activity most = coreSeconds.entrySet().stream()
                .max(Comparator.comparingDouble(Map.Entry::getValue))
                .orElseThrow()
                .getKey();
        return switch (most) {
            case COMPUTING -> "cores";
            case MOVING -> shortSeconds > seconds / 2 ? "object store" : "requests, network";
            case SHUFFLING -> "shuffle";
            case LAUNCHING -> "driver";
            case STARTING -> "start";
            case STRAGGLING -> "stragglers";
            case LOST -> "failures";
            case IDLE -> "too few tasks";
        };
    }
}
