package io.tokenwise.bench.scale;

/**
 * Tasks that are alike but for their texts. The next stage begins when all are done.
 *
 * @param tasks how many
 * @param read megabytes that a task reads from the store
 * @param fetched megabytes that it takes from tasks of the stage before
 * @param blocks in how many pieces
 * @param seconds that it computes on average
 * @param deviation standard deviation of that over tasks, in seconds
 * @param shuffled megabytes that it leaves for the next stage
 * @param written megabytes that it writes to the store
 */
record Stage(
        int tasks,
        double read,
        double fetched,
        long blocks,
        double seconds,
        double deviation,
        double shuffled,
        double written) {
    /** Reads, computes and writes. */
    static Stage whole(int tasks, double read, double seconds, double deviation, double written) {
        return new Stage(tasks, read, 0, 0, seconds, deviation, 0, written);
    }
}
