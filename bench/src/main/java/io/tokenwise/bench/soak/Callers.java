package io.tokenwise.bench.soak;

import io.tokenwise.bench.soak.Calling.Fault;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Threads that call, every other one virtual, and one that interrupts them. */
final class Callers {
    private static final long INTERRUPT_EVERY_MILLIS = 400;
    private static final Set<Fault> FAULTS = EnumSet.of(Fault.DEADLINE, Fault.INTERRUPT);

    private final List<List<Door>> groups;
    private final Calling calling;
    private final Tally tally;
    private final Pace pace;
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Thread> within = ConcurrentHashMap.newKeySet();

    /** @param groups each is called as often as any other, whatever is in it */
    Callers(List<List<Door>> groups, Calling calling, Tally tally, Pace pace) {
        this.groups = groups;
        this.calling = calling;
        this.tally = tally;
        this.pace = pace;
    }

    void start(int count, long seed) {
        for (int i = 0; i < count; i++) {
            var random = new Random(seed + i);
            Thread.Builder builder = i % 2 == 0 ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
            threads.add(builder.name("soak-caller-" + i).start(() -> keepCalling(random)));
        }
        threads.add(
                Thread.ofPlatform().daemon().name("soak-interrupts").start(() -> keepInterrupting(new Random(seed))));
    }

    /** Once at least, however late it starts. */
    private void keepCalling(Random random) {
        do {
            List<Door> doors = groups.get(random.nextInt(groups.size()));
            try {
                within.add(Thread.currentThread());
                calling.call(doors.get(random.nextInt(doors.size())), random, FAULTS);
            } catch (InterruptedException e) {
                tally.count("interrupted");
            } catch (RuntimeException e) {
                tally.failed("a caller", e);
            } finally {
                within.remove(Thread.currentThread());
            }
            try {
                Thread.interrupted();
                pace.rest(random);
            } catch (InterruptedException e) {
                tally.count("interrupted between calls");
            }
        } while (!pace.isOver());
    }

    private void keepInterrupting(Random random) {
        try {
            while (!pace.isOver()) {
                Thread.sleep(INTERRUPT_EVERY_MILLIS);
                List<Thread> calling = List.copyOf(within);
                if (!calling.isEmpty()) {
                    calling.get(random.nextInt(calling.size())).interrupt();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** They end when the pace does. */
    List<Thread> threads() {
        return List.copyOf(threads);
    }
}
