package io.tokenwise.serving;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

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
    private final ArrayDeque<E> pinned = new ArrayDeque<>();
    private final ArrayDeque<E> floating = new ArrayDeque<>();
    private final List<ModelLoad> models = new ArrayList<>();
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

    void add(ModelLoad model) {
        models.add(model);
    }

    /**
     * Accepts requests, all or none.
     *
     * @throws OverloadedException if too many wait, or there is work and one of them would not be answered when it is due even at its least budget
     */
    void offer(List<E> entries, long nowNanos) {
        long room = entries.stream().mapToLong(Entry::room).sum();
        boolean isFull = waitingRequests + entries.size() > options.waitingRequests()
                || waitingRoom + room > options.waitingTokens();
        if (isFull) {
            throw overloaded(predictedWaitMicros(nowNanos));
        }
        // Where nothing is ahead, to come back later would not help.
        if (options.control().shedding() && !isIdle()) {
            checkDue(entries, nowNanos);
        }
        for (E entry : entries) {
            ArrayDeque<E> own = entry.pinned ? pinned : floating;
            if (own.isEmpty()) {
                // A class that had nothing to do does not get that time now.
                pinnedTurn = entry.pinned ? Math.max(pinnedTurn, floatingTurn) : pinnedTurn;
                floatingTurn = entry.pinned ? floatingTurn : Math.max(pinnedTurn, floatingTurn);
            }
            own.add(entry);
            entry.place = Entry.Place.WAITING;
            waitingRequests++;
            waitingTokens += entry.tokens;
            waitingRoom += entry.room();
            entry.model.add(entry);
        }
    }

    private void checkDue(List<E> entries, long nowNanos) {
        double before = remainingMicros(nowNanos);
        double ofPinned = waitingMicros(true);
        double ofFloating = waitingMicros(false);
        for (E entry : entries) {
            double ahead = entry.pinned
                    ? shared(ofPinned, ofFloating, options.pinnedShare())
                    : shared(ofFloating, ofPinned, 1 - options.pinnedShare());
            double waits = (before + ahead) / options.workers();
            // While it waits others come that run with it, and it is answered with them.
            double together = entry.leastMicros() * options.batchTokens() / entry.tokens;
            double micros =
                    waits + Math.max(entry.leastMicros(), Math.min(Math.min(together, options.batchMicros()), waits));
            double late = micros - (entry.dueNanos - nowNanos) / NANOS_PER_MICRO;
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
        if (entry.place != Entry.Place.WAITING) {
            return false;
        }
        leave(entry, Entry.Place.GONE);
        // Not with the next batch, for which a long one that runs may be waited for while more come and go.
        if (pinned.size() + floating.size() > 2 * waitingRequests) {
            discardGone();
        }
        return true;
    }

    private void discardGone() {
        pinned.removeIf(entry -> entry.place != Entry.Place.WAITING);
        floating.removeIf(entry -> entry.place != Entry.Place.WAITING);
    }

    private void leave(E entry, Entry.Place place) {
        entry.place = place;
        waitingRequests--;
        waitingTokens -= entry.tokens;
        waitingRoom -= entry.room();
        entry.model.remove(entry);
    }

    /** Takes out those whose deadline has passed, or will have even if they run now at their least budget. */
    List<E> dropExpired(long nowNanos) {
        var expired = new ArrayList<E>();
        for (ArrayDeque<E> own : List.of(pinned, floating)) {
            for (E entry : own) {
                boolean isLate = nowNanos + NANOS_PER_MICRO * entry.leastMicros() > entry.deadlineNanos;
                if (entry.place == Entry.Place.WAITING && isLate) {
                    leave(entry, Entry.Place.GONE);
                    expired.add(entry);
                }
            }
        }
        discardGone();
        return expired;
    }

    /** Takes out all that wait. */
    List<E> dropAll() {
        discardGone();
        var all = new ArrayList<E>(pinned);
        all.addAll(floating);
        pinned.clear();
        floating.clear();
        all.forEach(entry -> leave(entry, Entry.Place.GONE));
        return all;
    }

    /** The next batch for a worker that has nothing to do; null if nothing waits. */
    Batch<E> next(long nowNanos) {
        discardGone();
        if (pinned.isEmpty() && floating.isEmpty()) {
            return null;
        }
        boolean pinnedNext = floating.isEmpty() || !pinned.isEmpty() && pinnedTurn <= floatingTurn;
        int step = pinnedNext ? 0 : dial.step(floating, nowNanos, remainingMicros(nowNanos), waitingMicros(true));
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
    private List<E> take(ArrayDeque<E> own, int step) {
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
            if (!size.fits(entry, step)) {
                break;
            }
            size.add(entry, step);
            all.remove();
            leave(entry, Entry.Place.RUNNING);
            entries.add(entry);
        }
        return entries;
    }

    /** A batch has run. */
    void finished(Batch<E> batch, long nowNanos) {
        end(batch);
        batch.model().costs.learn(batch.plainMicros(), (nowNanos - batch.startNanos()) / NANOS_PER_MICRO);
        for (E entry : batch.entries()) {
            if (!entry.pinned && options.control().mode() == Control.Mode.AUTO) {
                dial.answered(entry, nowNanos);
            }
        }
    }

    /** A batch has run of which the model did not answer all: what that took says nothing of what it costs. */
    void failed(Batch<E> batch) {
        end(batch);
    }

    private void end(Batch<E> batch) {
        running.remove(batch);
        batch.entries().forEach(entry -> entry.place = Entry.Place.GONE);
    }

    /** What running batches still take, of all workers together. */
    private double remainingMicros(long nowNanos) {
        double remaining = 0;
        for (Batch<E> batch : running) {
            remaining += Math.max(0, batch.endNanos() - nowNanos) / NANOS_PER_MICRO;
        }
        return remaining;
    }

    /** What waits of a class, at the least budgets. */
    private double waitingMicros(boolean ofPinned) {
        return models.stream().mapToDouble(model -> model.micros(ofPinned)).sum();
    }

    /** How long a request that came now would wait at the least budgets. */
    double predictedWaitMicros(long nowNanos) {
        return (remainingMicros(nowNanos) + waitingMicros(true) + waitingMicros(false)) / options.workers();
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
