package io.tokenwise.bench.soak;

import io.tokenwise.bench.soak.House.Disturber;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Everything at once for a long time, to see whether memory stays flat and results stay the same: many callers of all that is opened, who are interrupted and in a hurry, while other models open and
 * close.
 */
final class Soak {
    /** After so much everything has its size. Of a short run a sixth of it. */
    private static final double SETTLED_MINUTES = 10;

    private static final double SETTLED_SHARE = 1.0 / 6;

    /** Until this share of that time nobody is held to a pace, so that rare sizes come soon. */
    private static final double HURRIED_SHARE = .2;

    private static final int LEAST_LINES = 30;

    /** A collection and what comes after it takes some tenths. */
    private static final double SHORTEST_LINE_MINUTES = 2 / 60.0;

    private static final long LOOK_MILLIS = 50;

    /** Even where the processors have much else to do, and the process is stopped meanwhile. */
    static final Duration LONGEST_CALL = Duration.ofMinutes(20);

    /**
     * What it is to be.
     *
     * @param hours of running time
     * @param callers threads that call
     * @param cpuShare of one core
     * @param restMillis of a disturber, on average
     * @param mostGrowthMiB of resident memory after it has settled, of native memory from before all was opened until all is closed, and of weights that are resident then
     * @param looks at what is left in the end, a tenth of a second apart: threads that computed for others end when they were idle for some seconds
     */
    record Plan(
            double hours, long seed, int callers, double cpuShare, int restMillis, double mostGrowthMiB, int looks) {}

    /** What was seen in the end. */
    record Verdict(String what, boolean holds) {}

    private final Plan plan;
    private final PrintWriter out;
    private final Tally tally;
    private final Expected expected = new Expected();
    private final RunningTime time = RunningTime.start();
    private final Pace pace;

    /** Written while memory is read, read by what opens; fair, so that it does not wait for long. */
    private final ReadWriteLock openings = new ReentrantReadWriteLock(true);

    private final Calling calling;
    private final List<Reading> readings = new ArrayList<>();
    private double startMinute;

    Soak(Plan plan, PrintWriter out) {
        this.plan = plan;
        this.out = out;
        tally = new Tally(out);
        pace = new Pace(time, plan.cpuShare());
        calling = new Calling(expected, tally, time);
    }

    Calling calling() {
        return calling;
    }

    /** Runs, closes and looks at what is left; the report says whether all holds. */
    SoakReport run(House.Builder builder) throws Exception {
        Remains before = Remains.now();
        Reading first = reading(0);
        House house = builder.open(calling, tally);
        double mapped = house.doors().stream().mapToLong(Door::mappedBytes).sum() / Reading.MEBIBYTE;
        Map<String, Long> answers;
        try (AutoCloseable _ = house.end()) {
            for (Door door : house.doors()) {
                calling.askAll(door);
            }
            out.printf(
                    "%d doors, %d answers expected, %d callers, %.0f %% of a core, seed %d%n",
                    house.doors().size(), expected.count(), plan.callers(), 100 * plan.cpuShare(), plan.seed());
            answers = run(house);
        }
        List<String> left = left(before);
        Reading last = last(first, mapped);
        time.close();
        return new SoakReport(
                plan,
                first,
                readings,
                last,
                mapped,
                answers,
                tally.counts(),
                tally.failures(),
                left,
                time.stops(),
                time.stoppedSeconds(),
                settledMinute());
    }

    /** Returns how many calls each group has answered. */
    private Map<String, Long> run(House house) throws IOException, InterruptedException {
        var callers = new Callers(house.groups(), calling, tally, pace);
        var others = new ArrayList<Thread>();
        startMinute = time.minutes();
        callers.start(plan.callers(), plan.seed());
        var seeds = new Random(plan.seed());
        house.openings().forEach((name, opening) -> others.add(disturb(name, unlessRead(opening), seeds.nextLong())));
        var disturbers = new ArrayList<Thread>();
        house.disturbers().forEach((name, disturber) -> disturbers.add(disturb(name, disturber, seeds.nextLong())));
        try {
            readUntilTheEnd(house);
        } finally {
            pace.end();
            disturbers.forEach(Thread::interrupt);
            others.addAll(disturbers);
            others.addAll(callers.threads());
            for (Thread thread : others) {
                if (!thread.join(LONGEST_CALL)) {
                    var where = new IllegalStateException("it hangs");
                    where.setStackTrace(thread.getStackTrace());
                    tally.failed(thread.getName(), where);
                }
            }
        }
        return callers.answers();
    }

    private Thread disturb(String name, Disturber disturber, long seed) {
        return Thread.ofPlatform()
                .daemon()
                .name("soak-" + name)
                .start(() -> keepDisturbing(name, disturber, new Random(seed)));
    }

    private Disturber unlessRead(Disturber opening) {
        return random -> {
            openings.readLock().lockInterruptibly();
            try {
                opening.disturb(random);
            } finally {
                openings.readLock().unlock();
            }
        };
    }

    private double settledMinute() {
        return Math.min(SETTLED_MINUTES, plan.hours() * 60 * SETTLED_SHARE);
    }

    private void readUntilTheEnd(House house) throws IOException, InterruptedException {
        double minutes = plan.hours() * 60;
        double step = Math.clamp(minutes / LEAST_LINES, SHORTEST_LINE_MINUTES, 1);
        out.println(SoakReport.HEADER);
        double next = 0;
        while (true) {
            while (minute() < next && !tally.isHopeless()) {
                Thread.sleep(LOOK_MILLIS);
            }
            openings.writeLock().lockInterruptibly();
            try {
                readings.add(reading(house.workspaceBytes().getAsLong()));
            } finally {
                openings.writeLock().unlock();
            }
            out.println(SoakReport.line(readings.getLast(), tally.counts()));
            out.flush();
            if (next >= minutes || tally.isHopeless()) {
                return;
            }
            if (next >= HURRIED_SHARE * settledMinute()) {
                pace.begin();
            }
            // One that came late, because something was just opened, does not move the others.
            next = Math.min(minutes, step * (1 + Math.floor(minute() / step)));
        }
    }

    /** Since callers began. */
    private double minute() {
        return time.minutes() - startMinute;
    }

    private Reading reading(long workspaceBytes) throws IOException, InterruptedException {
        return Reading.now(minute(), tally.calls(), tally.counts().getOrDefault("opened", 0L), workspaceBytes);
    }

    private void keepDisturbing(String name, Disturber disturber, Random random) {
        try {
            // Not all at once in the beginning.
            rest(random.nextInt(plan.restMillis()), random);
            while (!pace.isOver()) {
                long begin = time.nanos();
                try {
                    disturber.disturb(random);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Throwable e) {
                    calling.failed(name, e, begin);
                }
                rest(random.nextInt(2 * plan.restMillis()), random);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void rest(int millis, Random random) throws InterruptedException {
        for (int left = millis; left > 0 && !pace.isOver(); left -= 100) {
            Thread.sleep(Math.min(left, 100));
        }
        pace.rest(random);
    }

    /** Native memory is also the JVM's compiler's, which takes much for a moment. */
    private Reading last(Reading first, double mappedMiB) throws IOException, InterruptedException {
        double mostNative = first.nativeMiB() + plan.mostGrowthMiB();
        double mostResident = readings.getLast().residentMiB() - mappedMiB + plan.mostGrowthMiB();
        Reading last = reading(0);
        for (int i = 0; i < plan.looks() && (last.nativeMiB() > mostNative || last.residentMiB() > mostResident); i++) {
            last = reading(0);
        }
        return last;
    }

    private List<String> left(Remains before) throws IOException, InterruptedException {
        List<String> left = Remains.now().since(before);
        for (int i = 0; i < plan.looks() && !left.isEmpty(); i++) {
            Thread.sleep(100);
            left = Remains.now().since(before);
        }
        return left;
    }
}
