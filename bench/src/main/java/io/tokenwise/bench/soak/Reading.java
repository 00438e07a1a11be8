package io.tokenwise.bench.soak;

import io.tokenwise.bench.PeakMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/**
 * How it stands at a time.
 *
 * @param minute of running time
 * @param residentMiB of the process
 * @param heapMiB of objects that are alive
 * @param workspaceMiB native memory of calls
 * @param nativeMiB what malloc has given and nobody has freed, as {@link NativeBlocks} has it: not large weights and workspaces, which are pages of the system's own
 * @param threads of the platform
 * @param descriptors files and sockets
 */
record Reading(
        double minute,
        long calls,
        long opened,
        double residentMiB,
        double heapMiB,
        double workspaceMiB,
        double nativeMiB,
        int threads,
        int descriptors) {
    static final double MEBIBYTE = 1 << 20;

    /** What a closed model has freed goes back to the system a little later. */
    private static final long AFTER_COLLECTION_MILLIS = 300;

    static Reading now(double minute, long calls, long opened, long workspaceBytes)
            throws IOException, InterruptedException {
        System.gc();
        Thread.sleep(AFTER_COLLECTION_MILLIS);
        return new Reading(
                minute,
                calls,
                opened,
                PeakMemory.bytes("VmRSS") / MEBIBYTE,
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MEBIBYTE,
                workspaceBytes / MEBIBYTE,
                NativeBlocks.mebibytes(),
                ManagementFactory.getThreadMXBean().getThreadCount(),
                Remains.now().descriptorCount());
    }
}
