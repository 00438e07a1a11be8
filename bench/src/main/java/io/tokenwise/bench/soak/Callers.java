package io.tokenwise.bench.soak;

import io.tokenwise.bench.soak.Calling.Outcome;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Threads that call, every other one virtual, and one that interrupts them. */
final class Callers {
    private static final long INTERRUPT_EVERY_MILLIS = 400;

    private final List<Group> groups;
    private final Calling calling;
    private final Tally tally;
    private final Pace pace;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<Thread, Faults> within = new ConcurrentHashMap<>();

    private record Group(String name, List<Door> doors, LongAdder answers) {}

    /** @param groups each is called as often as any other, whatever is in it */
    Callers(Map<String, List<Door>> groups, Calling calling, Tally tally, Pace pace) {
        this.groups = groups.entrySet().stream()
                .map(group -> new Group(group.getKey(), group.getValue(), new LongAdder()))
                .toList();
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
        var faults = new Faults(true);
        do {
            Group group = groups.get(random.nextInt(groups.size()));
            Door door = group.doors().get(random.nextInt(group.doors().size()));
            try {
                within.put(Thread.currentThread(), faults);
                if (calling.call(door, random, faults) == Outcome.ANSWERED) {
                    group.answers().increment();
                }
            } catch (InterruptedException e) {
                interrupted("interrupted", faults, e);
            } catch (RuntimeException e) {
                tally.failed("a caller", e);
            } finally {
                within.remove(Thread.currentThread());
            }
            try {
                // Ends at once if an interrupt came too late for the call.
                pace.rest(random);
            } catch (InterruptedException e) {
                interrupted("interrupted between calls", faults, e);
            }
        } while (!pace.isOver());
    }

    private void interrupted(String when, Faults faults, InterruptedException e) {
        if (faults.takeInterrupt()) {
            tally.count(when);
        } else {
            tally.failed(when + " by nobody", e);
        }
    }

    private void keepInterrupting(Random random) {
        try {
            while (!pace.isOver()) {
                Thread.sleep(INTERRUPT_EVERY_MILLIS);
                var calling = List.copyOf(within.entrySet());
                if (!calling.isEmpty()) {
                    Map.Entry<Thread, Faults> caller = calling.get(random.nextInt(calling.size()));
                    caller.getValue().interrupt(caller.getKey());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** How many calls each group has answered. */
    Map<String, Long> answers() {
        var answers = new LinkedHashMap<String, Long>();
        groups.forEach(group -> answers.put(group.name(), group.answers().sum()));
        return answers;
    }

    /** They end when the pace does. */
    List<Thread> threads() {
        return List.copyOf(threads);
    }
}
