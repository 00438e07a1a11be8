package io.tokenwise.bench.scale;

/**
 * The machines of a job, and what goes wrong on them.
 *
 * @param executors JVMs, each with as many cores
 * @param cores of an executor: a core runs one task at a time
 * @param launchSeconds of the driver for each task; it launches one after the other
 * @param start how an executor comes up
 * @param store where texts are read and vectors written
 * @param shuffle how rows come from executor to executor
 * @param hazards what goes wrong
 */
record Cluster(
        int executors, int cores, double launchSeconds, Start start, Store store, Shuffle shuffle, Hazards hazards) {
    /**
     * How an executor comes up.
     *
     * @param seconds until the JVM runs and has asked for its files
     * @param shippedMegabytes jars and model, which the driver sends to one executor after the other
     * @param driverMegabytesPerSecond of the driver's network
     * @param openSeconds the model is opened, and all tasks wait
     * @param warmUpSeconds what each core's first task takes longer, until the JVM has compiled
     */
    record Start(
            double seconds,
            double shippedMegabytes,
            double driverMegabytesPerSecond,
            double openSeconds,
            double warmUpSeconds) {
        static final Start NOTHING = new Start(0, 0, 1, 0, 0);

        double shipSeconds() {
            return shippedMegabytes / driverMegabytesPerSecond;
        }
    }

    /**
     * An object store. Task and store exchange a partition by requests one after the other.
     *
     * @param streamMegabytesPerSecond of one request
     * @param executorMegabytesPerSecond of an executor's network; each core has its part
     * @param megabytesPerSecond of the whole store, shared evenly by all who read or write; infinite if it is never short
     * @param requestSeconds until the first byte
     * @param requestMegabytes the most that one request moves
     */
    record Store(
            double streamMegabytesPerSecond,
            double executorMegabytesPerSecond,
            double megabytesPerSecond,
            double requestSeconds,
            double requestMegabytes) {
        long requests(double megabytes) {
            return megabytes == 0 ? 0 : (long) Math.ceil(megabytes / requestMegabytes);
        }
    }

    /**
     * Rows go through local disks: each task of the first stage writes a block for each of the second.
     *
     * @param blockSeconds to find, ask for and take in one block, whatever its size
     */
    record Shuffle(double blockSeconds) {}

    /**
     * What goes wrong.
     *
     * @param stragglers share of tasks that are slow: at least 1.5 times, by Pareto's law with exponent 2, at most ten times
     * @param failuresPerHour how often an executor dies in an hour; its tasks are repeated, and another one comes up
     */
    record Hazards(double stragglers, double failuresPerHour) {
        static final Hazards NONE = new Hazards(0, 0);
    }

    int allCores() {
        return executors * cores;
    }

    /** What one core moves to or from the store while nobody else wants more. */
    double streamMegabytesPerSecond() {
        return Math.min(store.streamMegabytesPerSecond, coreMegabytesPerSecond());
    }

    double coreMegabytesPerSecond() {
        return store.executorMegabytesPerSecond / cores;
    }
}
