package io.tokenwise.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which requests are accepted, which run next, together, and with which budgets. It has no threads and no clock: real workers and a simulator drive it alike. Not thread-safe.
 *
 * <p>Requests wait in two classes, pinned and floating, first come first served in each, and both have a share of the workers' time if they need it: the class that had less runs next.
 */
final class Scheduler<E extends Entry> {
    private static final double NANOS_PER_MICRO = 1000;

    /** Nobody knows the load of the next minute. */
    private static final long MOST_RETRY_MILLIS = 60_000;

    private final QueueOptions options;
    private final Dial dial;

    /** In the order in which they came; whoever takes one back need not look for it. */
    private final LinkedHashSet<E> pinned = new LinkedHashSet<>();

    private final LinkedHashSet<E> floating = new LinkedHashSet<>();

    /** Of which something waits: of others nothing is kept. */
    private final Set<ModelLoad> models = new LinkedHashSet<>();

    private final List<Batch<E>> running = new ArrayList<>();
    private int waitingRequests;
    private long waitingTokens;
    private long waitingRoom;

    /** Predicted time that each class had, over its share: start-time fair queueing. */
    private double pinnedTurn;

    private double floatingTurn;

    Scheduler(QueueOptions options) {
        this.options = options;
        dial = new Dial(options);
    }

    /**
     * Accepts requests, all or none.
     *
     * @throws TooLargeException if there is no room for them even where nothing waits
     * @throws OverloadedException if too many wait, or there is work and one of them would not be answered when it is due even at its least budget
     */
    void offer(List<E> entries, long nowNanos) {
        long room = entries.stream().mapToLong(Entry::room).sum();
        checkSize(entries.size(), room);
        boolean isFull = waitingRequests + entries.size() > options.waitingRequests()
                || waitingRoom + room > options.waitingTokens();
        if (isFull) {
            throw overloaded(predictedWaitMicros(nowNanos));
        }
        // Where nothing is ahead, to come back later would not help.
        boolean isNext = waitingRequests == 0 && running.size() < options.workers();
        if (options.control().shedding() && !isNext) {
            checkDue(entries, nowNanos);
        }
        for (E entry : entries) {
            if (own(entry).isEmpty()) {
                // A class that had nothing to do does not get that time now.
                pinnedTurn = entry.pinned ? Math.max(pinnedTurn, floatingTurn) : pinnedTurn;
                floatingTurn = entry.pinned ? floatingTurn : Math.max(pinnedTurn, floatingTurn);
            }
            own(entry).add(entry);
            waitingRequests++;
            waitingTokens += entry.tokens;
            waitingRoom += entry.room();
            entry.model.add(entry);
            models.add(entry.model);
        }
    }

    private void checkSize(int requests, long room) {
        if (requests > options.waitingRequests()) {
            throw new TooLargeException(
                    requests + " inputs at once, the queue has room for " + options.waitingRequests());
        }
        if (room > options.waitingTokens()) {
            throw new TooLargeException("inputs of the size of " + room + " tokens at once, the queue has room for "
                    + options.waitingTokens());
        }
    }

    private LinkedHashSet<E> own(E entry) {
        return entry.pinned ? pinned : floating;
    }

    private void checkDue(List<E> entries, long nowNanos) {
        Workers workers = workers(nowNanos);
        double ofPinned = waitingMicros(pinned, nowNanos);
        double ofFloating = waitingMicros(floating, nowNanos);
        for (E entry : entries) {
            double ahead = entry.pinned
                    ? shared(ofPinned, ofFloating, options.pinnedShare())
                    : shared(ofFloating, ofPinned, 1 - options.pinnedShare());
            double waits = workers.doneMicros(ahead);
            // While it waits others come that run with it, and it is answered with them.
            double together = entry.leastMicros() * options.batchTokens() / entry.tokens;
            double micros =
                    waits + Math.max(entry.leastMicros(), Math.min(Math.min(together, options.batchMicros()), waits));
            double part = entry.pinned ? 1 : dial.accepted();
            double late = micros - part * (entry.wantedNanos() - nowNanos) / NANOS_PER_MICRO;
            if (late > 0) {
                throw overloaded(late);
            }
            ofPinned += entry.pinned ? entry.leastMicros() : 0;
            ofFloating += entry.pinned ? 0 : entry.leastMicros();
        }
    }

    private static OverloadedException overloaded(double micros) {
        return new OverloadedException(Duration.ofMillis(Math.clamp(Math.round(micros / 1000), 1, MOST_RETRY_MILLIS)));
    }

    /** What all workers need for own work of a class while the other has its share. */
    static double shared(double own, double other, double ownShare) {
        return own + Math.min(other, own * (1 - ownShare) / ownShare);
    }

    /** Takes back what waits; false if it no longer does. */
    boolean withdraw(E entry) {
        if (!own(entry).remove(entry)) {
            return false;
        }
        leave(entry);
        return true;
    }

    /** Of what has just been taken out. */
    private void leave(E entry) {
        waitingRequests--;
        waitingTokens -= entry.tokens;
        waitingRoom -= entry.room();
        entry.model.remove(entry);
        if (entry.model.isEmpty()) {
            models.remove(entry.model);
        }
    }

    /** Takes out those that {@link Entry#isExpired have expired}. */
    List<E> dropExpired(long nowNanos) {
        var expired = new ArrayList<E>();
        for (Set<E> own : List.of(pinned, floating)) {
            own.removeIf(entry -> entry.isExpired(nowNanos) && expired.add(entry));
        }
        for (E entry : expired) {
            leave(entry);
            if (entry.waitsUntilDue()) {
                tellDial(entry, nowNanos);
            }
        }
        return expired;
    }

    /** Takes out all that wait. */
    List<E> dropAll() {
        var all = new ArrayList<E>(pinned);
        all.addAll(floating);
        pinned.clear();
        floating.clear();
        all.forEach(this::leave);
        return all;
    }

    /** The next batch for a worker that has nothing to do; null if nothing waits. */
    Batch<E> next(long nowNanos) {
        if (pinned.isEmpty() && floating.isEmpty()) {
            return null;
        }
        boolean pinnedNext = floating.isEmpty() || !pinned.isEmpty() && pinnedTurn <= floatingTurn;
        int step = pinnedNext ? 0 : dial.step(floating, nowNanos, workers(nowNanos), waitingMicros(pinned, nowNanos));
        List<E> entries = take(pinnedNext ? pinned : floating, step);
        CostCurve costs = entries.getFirst().model.costs;
        double plain = costs.batchMicros()
                + entries.stream()
                        .mapToDouble(entry -> entry.choices.at(step).micros())
                        .sum();
        double predicted = costs.scale() * plain;
        if (pinnedNext) {
            pinnedTurn += predicted / options.pinnedShare();
        } else {
            floatingTurn += predicted / (1 - options.pinnedShare());
        }
        var batch = new Batch<>(entries, step, nowNanos, plain, nowNanos + Math.round(NANOS_PER_MICRO * predicted));
        running.add(batch);
        return batch;
    }

    /** The first that waits and what goes with it: as much as a batch holds, and no more than leaves its part to workers that have nothing to do either. */
    private List<E> take(LinkedHashSet<E> own, int step) {
        int idle = Math.max(1, options.workers() - running.size());
        long part = Math.min(options.batchTokens(), Math.ceilDiv(waitingTokens, idle));
        ModelLoad model = own.getFirst().model;
        var entries = new ArrayList<E>();
        var size = new BatchSize(options);
        for (Iterator<E> all = own.iterator(); all.hasNext() && size.tokens() < part; ) {
            E entry = all.next();
            if (entry.model != model) {
                continue;
            }
            if (!size.add(entry, step)) {
                break;
            }
            all.remove();
            leave(entry);
            entries.add(entry);
        }
        return entries;
    }

    /** A batch has run. */
    void finished(Batch<E> batch, long nowNanos) {
        running.remove(batch);
        batch.model().costs.learn(batch.plainMicros(), (nowNanos - batch.startNanos()) / NANOS_PER_MICRO);
        batch.entries().forEach(entry -> tellDial(entry, nowNanos));
    }

    private void tellDial(E entry, long nowNanos) {
        if (!entry.pinned && options.control().mode() == Control.Mode.AUTO) {
            dial.answered(entry, nowNanos);
        }
    }

    /** A batch has run of which the model did not answer all: what that took says nothing of what it costs. */
    void failed(Batch<E> batch) {
        running.remove(batch);
    }

    private Workers workers(long nowNanos) {
        return new Workers(options.workers(), running, nowNanos);
    }

    /** What waits of a class, at the least budgets, but for those of its first that have expired: they will be dropped, and are in nobody's way. */
    private double waitingMicros(Set<E> own, long nowNanos) {
        double expired = own.stream()
                .takeWhile(entry -> entry.isExpired(nowNanos))
                .mapToDouble(Entry::leastMicros)
                .sum();
        return models.stream().mapToDouble(model -> model.micros(own == pinned)).sum() - expired;
    }

    /** How long a request that came now would wait at the least budgets. */
    double predictedWaitMicros(long nowNanos) {
        return workers(nowNanos).doneMicros(waitingMicros(pinned, nowNanos) + waitingMicros(floating, nowNanos));
    }

    boolean isIdle() {
        return waitingRequests == 0 && running.isEmpty();
    }

    int waitingRequests() {
        return waitingRequests;
    }

    long waitingTokens() {
        return waitingTokens;
    }

    /** Where the dial is, 0 to {@link Dial#STEPS}. */
    int step() {
        return dial.step();
    }
}
