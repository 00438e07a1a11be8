package io.tokenwise.bench.soak;

import io.tokenwise.bench.PeakMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * How it stands at a time.
 *
 * @param minute of running time
 * @param residentMiB of the process
 * @param heapMiB of objects that are alive
 * @param workspaceMiB native memory of calls
 * @param arenaMiB all native memory that Java code has asked for, weights included; not a number unless the JVM was started with {@code -XX:NativeMemoryTracking=summary}
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
        double arenaMiB,
        int threads,
        int descriptors) {
    private static final double MEBIBYTE = 1 << 20;

    /** What a closed model has freed goes back to the system a little later. */
    private static final long AFTER_COLLECTION_MILLIS = 300;

    /** NMT's word for what is neither the JVM's own nor the heap. */
    private static final Pattern OTHER = Pattern.compile("Other \\(reserved=\\d+KB, committed=(\\d+)KB\\)");

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
                arenas().orElse(Double.NaN),
                ManagementFactory.getThreadMXBean().getThreadCount(),
                Remains.now().descriptorCount());
    }

    private static OptionalDouble arenas() {
        try {
            Object summary = ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "vmNativeMemory",
                            new Object[] {new String[] {"summary"}},
                            new String[] {String[].class.getName()});
            Matcher other = OTHER.matcher((String) summary);
            return other.find() ? OptionalDouble.of(Long.parseLong(other.group(1)) / 1024.0) : OptionalDouble.empty();
        } catch (JMException e) {
            throw new IllegalStateException("this JVM does not tell its native memory", e);
        }
    }
}
