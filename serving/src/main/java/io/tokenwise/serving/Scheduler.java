package io.tokenwise.serving;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which requests are accepted, which run next, together, and with which budgets. It has no threads and no clock: real workers and a simulator drive it alike. Not thread-safe.
 *
 * <p>Requests wait in three lines, first come first served in each. Pinned and floating ones each have a share of the workers' time if they need it: the class that had less runs next. Of the time of pinned
 * ones calls of more than a batch holds have one half in the same way and smaller ones the other, so that a single text does not wait for whole lists.
 */
final class Scheduler<E extends Entry> {
    private static final double NANOS_PER_MICRO = 1000;

    /** Of pinned requests' time. */
    private static final double SMALL_SHARE = 0.5;

    /** Nobody knows the load of the next minute. */
    private static final long MOST_RETRY_MILLIS = 60_000;

    private final QueueOptions options;
    private final Dial dial;

    private final WaitingLine<E> small = new WaitingLine<>();
    private final WaitingLine<E> bulk = new WaitingLine<>();
    private final WaitingLine<E> floating = new WaitingLine<>();
    private final List<WaitingLine<E>> lines = List.of(small, bulk, floating);
    private final WaitingLine<E> pinned = new WaitingLine<>(small, SMALL_SHARE, bulk);
    private final WaitingLine<E> all;

    /** Of which something waits: of others nothing is kept. */
    private final Set<ModelLoad> models = new LinkedHashSet<>();

    private final List<Batch<E>> running = new ArrayList<>();
    private int waitingRequests;
    private long waitingTokens;
    private long waitingRoom;

    Scheduler(QueueOptions options) {
        this.options = options;
        dial = new Dial(options);
        all = new WaitingLine<>(pinned, options.pinnedShare(), floating);
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
        boolean isBulk = entries.stream().mapToLong(entry -> entry.tokens).sum() > options.batchTokens();
        entries.forEach(entry -> entry.bulk = isBulk);
        // Where nothing is ahead, to come back later would not help.
        boolean isNext = waitingRequests == 0 && running.size() < options.workers();
        if (options.control().shedding() && !isNext) {
            checkDue(entries, nowNanos);
        }
        for (E entry : entries) {
            own(entry).add(entry);
            waitingRequests++;
            waitingTokens += entry.tokens;
            waitingRoom += entry.room();
            entry.model.add(entry, own(entry));
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

    private WaitingLine<E> own(E entry) {
        return !entry.pinned ? floating : entry.bulk ? bulk : small;
    }

    private void checkDue(List<E> entries, long nowNanos) {
        Workers workers = workers(nowNanos);
        Map<WaitingLine<E>, Double> waiting = waitingMicros(nowNanos);
        for (E entry : entries) {
            double waits = workers.doneMicros(own(entry).aheadMicros(waiting));
            // While it waits others come that run with it, and it is answered with them.
            double together = entry.leastMicros() * options.batchTokens() / entry.tokens;
            double micros =
                    waits + Math.max(entry.leastMicros(), Math.min(Math.min(together, options.batchMicros()), waits));
            double part = entry.pinned ? 1 : dial.accepted();
            double late = micros - part * (entry.wantedNanos() - nowNanos) / NANOS_PER_MICRO;
            if (late > 0) {
                throw overloaded(late);
            }
            waiting.merge(own(entry), entry.leastMicros(), Double::sum);
        }
    }

    private static OverloadedException overloaded(double micros) {
        return new OverloadedException(Duration.ofMillis(Math.clamp(Math.round(micros / 1000), 1, MOST_RETRY_MILLIS)));
    }

    /** Takes back what waits; false if it no longer does. */
    boolean withdraw(E entry) {
        if (!own(entry).entries.remove(entry)) {
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
        entry.model.remove(entry, own(entry));
        if (entry.model.isEmpty()) {
            models.remove(entry.model);
        }
    }

    /** Takes out those that {@link Entry#isExpired have expired}. */
    List<E> dropExpired(long nowNanos) {
        var expired = new ArrayList<E>();
        for (WaitingLine<E> line : lines) {
            line.entries.removeIf(entry -> entry.isExpired(nowNanos) && expired.add(entry));
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
        var dropped = new ArrayList<E>();
        for (WaitingLine<E> line : lines) {
            dropped.addAll(line.entries);
            line.entries.clear();
        }
        dropped.forEach(this::leave);
        return dropped;
    }

    /** The next batch for a worker that has nothing to do; null if nothing waits. */
    Batch<E> next(long nowNanos) {
        if (all.isEmpty()) {
            return null;
        }
        WaitingLine<E> line = all.next();
        int step = line == floating ? floatingStep(nowNanos) : 0;
        List<E> entries = take(line.entries, step);
        CostCurve costs = entries.getFirst().model.costs;
        double plain = costs.batchMicros()
                + entries.stream()
                        .mapToDouble(entry -> entry.choices.at(step).micros())
                        .sum();
        double predicted = costs.scale() * plain;
        line.had(predicted);
        var batch = new Batch<>(entries, step, nowNanos, plain, nowNanos + Math.round(NANOS_PER_MICRO * predicted));
        running.add(batch);
        return batch;
    }

    private int floatingStep(long nowNanos) {
        double pinnedMicros = pinned.micros(waitingMicros(nowNanos));
        return dial.step(floating.entries, nowNanos, workers(nowNanos), pinnedMicros);
    }

    /** The first that waits and what goes with it: as much as a batch holds, and no more than leaves its part to workers that have nothing to do either. */
    private List<E> take(LinkedHashSet<E> own, int step) {
        int idle = Math.max(1, options.workers() - running.size());
        long part = Math.min(options.batchTokens(), Math.ceilDiv(waitingTokens, idle));
        ModelLoad model = own.getFirst().model;
        var entries = new ArrayList<E>();
        var size = new BatchSize(options);
        for (Iterator<E> inOrder = own.iterator(); inOrder.hasNext() && size.tokens() < part; ) {
            E entry = inOrder.next();
            if (entry.model != model) {
                continue;
            }
            if (!size.add(entry, step)) {
                break;
            }
            inOrder.remove();
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

    /** What waits in each line, at the least budgets, but for those of its first that have expired: they will be dropped, and are in nobody's way. */
    private Map<WaitingLine<E>, Double> waitingMicros(long nowNanos) {
        Map<WaitingLine<E>, Double> waiting = new HashMap<>();
        for (WaitingLine<E> line : lines) {
            double expired = line.entries.stream()
                    .takeWhile(entry -> entry.isExpired(nowNanos))
                    .mapToDouble(Entry::leastMicros)
                    .sum();
            waiting.put(
                    line,
                    models.stream().mapToDouble(model -> model.micros(line)).sum() - expired);
        }
        return waiting;
    }

    /** How long a request that came now would wait at the least budgets. */
    double predictedWaitMicros(long nowNanos) {
        return workers(nowNanos).doneMicros(all.micros(waitingMicros(nowNanos)));
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
