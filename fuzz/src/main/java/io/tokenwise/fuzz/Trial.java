package io.tokenwise.fuzz;

import com.sun.management.ThreadMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/**
 * Gives a target an input and sees what it may not do. What the JVM itself may have done for the first time (classes, tables) shows in a
 * second run no more: so what costs too much is asked for twice.
 */
final class Trial {
    /** Of the thread's processor time, so that other programs make no difference. */
    static final long MOST_NANOS = 2_000_000_000L;

    private static final int FILES = 4;
    private static final long BESIDE_FILES = 64 << 20;

    /** How an input was taken. */
    enum Verdict {
        READ,
        REFUSED
    }

    /**
     * What became of an input.
     *
     * @param message what a reader that refuses it says; empty of others
     */
    record Result(Verdict verdict, String message, Optional<Finding> finding) {}

    private record Cost(long nanos, long heap, long outside, long files) {
        Optional<Finding> tooMuch(long size) {
            long most = most(size);
            if (nanos > MOST_NANOS) {
                return found("hang", "took " + nanos / 1_000_000 + " ms of processor time");
            }
            if (heap > most) {
                return found("memory", "took " + heap + " bytes of heap for a file of " + size);
            }
            if (outside > 0) {
                return found("leak", "left " + outside + " bytes outside the heap to the collector");
            }
            return files > 0 ? found("open", "left " + files + " files open") : Optional.empty();
        }

        private static Optional<Finding> found(String kind, String what) {
            return Optional.of(new Finding(kind, what, ""));
        }
    }

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final UnixOperatingSystemMXBean system =
            (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final BufferPoolMXBean outside = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .findFirst()
            .orElseThrow();
    private final Workplace place;
    private Cost cost;

    Trial(Workplace place) {
        this.place = place;
    }

    /** Bytes that a file of that size may take. */
    static long most(long size) {
        return FILES * size + BESIDE_FILES;
    }

    Result run(Target target, Input input) throws IOException {
        Result result = once(target, input);
        if (result.finding.isPresent()
                || !target.counted()
                || cost.tooMuch(input.size()).isEmpty()) {
            return result;
        }
        result = once(target, input);
        return result.finding.isPresent()
                ? result
                : new Result(result.verdict, result.message, cost.tooMuch(input.size()));
    }

    private Result once(Target target, Input input) throws IOException {
        Throwable thrown = null;
        Cost before = now();
        try {
            target.reader().read(input, place);
        } catch (Throwable e) {
            thrown = e;
        }
        Cost after = now();
        place.clear();
        cost = new Cost(
                after.nanos - before.nanos,
                after.heap - before.heap,
                after.outside - before.outside,
                after.files - before.files);
        if (thrown == null) {
            return new Result(Verdict.READ, "", Optional.empty());
        }
        return new Result(
                Verdict.REFUSED,
                String.valueOf(thrown.getMessage()),
                target.own().test(thrown) ? badMessage(thrown) : Optional.of(Finding.of(thrown)));
    }

    /** Users read it in a log: it must be one line. */
    private static Optional<Finding> badMessage(Throwable own) {
        String message = own.getMessage();
        return message != null && !message.isBlank() && message.lines().count() == 1
                ? Optional.empty()
                : Optional.of(new Finding(
                        "message",
                        "a message is not one line: " + message,
                        Finding.of(own).stack()));
    }

    private Cost now() {
        return new Cost(
                threads.getCurrentThreadCpuTime(),
                threads.getCurrentThreadAllocatedBytes(),
                outside.getMemoryUsed(),
                system.getOpenFileDescriptorCount());
    }
}
