package io.tokenwise.fuzz;

import java.lang.management.ManagementFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What arenas and direct buffers hold, as the JVM's native memory tracking has it.
 *
 * @param bytes now
 * @param peak the most that it ever was
 */
record NativeMemory(long bytes, long peak) {
    /** The JVM's word for what Java code takes. */
    private static final Pattern OTHER =
            Pattern.compile("-\\s+Other \\(reserved=(\\d+).*?(?:\\(at peak\\)|peak=(\\d+))", Pattern.DOTALL);

    private static final int TRIES = 50;

    /** Of this JVM, which must run with {@code -XX:NativeMemoryTracking=summary}. */
    static NativeMemory now() {
        try {
            String summary = (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "vmNativeMemory",
                            new Object[] {new String[] {"summary", "scale=B"}},
                            new String[] {String[].class.getName()});
            Matcher other = OTHER.matcher(summary);
            if (!other.find()) {
                throw new IllegalStateException("the JVM does not track native memory: " + summary);
            }
            long bytes = Long.parseLong(other.group(1));
            return new NativeMemory(bytes, other.group(2) == null ? bytes : Long.parseLong(other.group(2)));
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    /** When the collector has freed what it may, or some seconds later. */
    static NativeMemory settled(long most) throws InterruptedException {
        NativeMemory now = now();
        for (int i = 0; i < TRIES && now.bytes > most; i++) {
            System.gc();
            Thread.sleep(100);
            now = now();
        }
        return now;
    }
}
