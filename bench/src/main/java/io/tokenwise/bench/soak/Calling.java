package io.tokenwise.bench.soak;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import io.tokenwise.api.DeadlineException;
import io.tokenwise.bench.soak.Expected.ChangedException;
import io.tokenwise.bench.soak.ServerDoors.RefusedException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

/** Calls of doors, and what may come of them. Thread-safe. */
final class Calling {
    private static final int ONE_IN_SO_MANY_HAS_A_DEADLINE = 8;
    private static final int LONGEST_DEADLINE_MILLIS = 40;
    private static final String CLOSED = "the (model|engine) is closed";

    private final Expected expected;
    private final Tally tally;
    private final RunningTime time;

    /** What has come of a call. */
    enum Outcome {
        ANSWERED,
        EXCUSED,
        /** Closed, or failed: it is not to be called again. */
        OVER
    }

    Calling(Expected expected, Tally tally, RunningTime time) {
        this.expected = expected;
        this.tally = tally;
        this.time = time;
    }

    /** Every input alone, then all together, at each budget. */
    void askAll(Door door) throws Exception {
        List<Integer> all = IntStream.range(0, door.inputs()).boxed().toList();
        for (Budget budget : door.budgets()) {
            for (int input : all) {
                ask(door, List.of(input), budget, Deadline.NONE);
            }
            ask(door, all, budget, Deadline.NONE);
        }
    }

    private void ask(Door door, List<Integer> inputs, Budget budget, Deadline deadline) throws Exception {
        expected.check(door, inputs, budget, door.ask().of(inputs, budget, deadline));
    }

    /**
     * One input alone in half of the calls, otherwise several.
     *
     * @param faults that may happen to it
     */
    Outcome call(Door door, Random random, Faults faults) throws InterruptedException {
        List<Integer> inputs = inputs(door, random);
        Budget budget = door.budgets().get(random.nextInt(door.budgets().size()));
        boolean hurried = faults.hurries() && random.nextInt(ONE_IN_SO_MANY_HAS_A_DEADLINE) == 0;
        Deadline deadline =
                hurried ? Deadline.in(Duration.ofMillis(random.nextInt(LONGEST_DEADLINE_MILLIS))) : Deadline.NONE;
        long begin = time.nanos();
        try {
            ask(door, inputs, budget, deadline);
            tally.answered();
            return Outcome.ANSWERED;
        } catch (ChangedException e) {
            tally.failed("bits", e);
            return Outcome.OVER;
        } catch (Throwable e) {
            Throwable cause = e instanceof ExecutionException ? e.getCause() : e;
            Optional<String> excuse = excuse(cause, hurried, faults);
            // The flag would end the look at the clock.
            Thread.interrupted();
            if (excuse.isEmpty()) {
                failed(door.key() + ", " + budget, cause, begin);
                return Outcome.OVER;
            }
            tally.count(excuse.get());
            return excuse.get().equals("closed") ? Outcome.OVER : Outcome.EXCUSED;
        }
    }

    /**
     * Tells of a failure that no fault explains, unless it is one of the network, and the process stood still about then.
     *
     * @param begin of what failed
     */
    void failed(String what, Throwable failure, long begin) throws InterruptedException {
        boolean ofTheNetwork = switch (failure) {
            // A body came too slowly, or the answer too late.
            case RefusedException e -> e.status() == 408 || e.status() == 503 || e.status() == 504;
            case FileSystemException _ -> false;
            case IOException _ -> true;
            default -> false;
        };
        if (ofTheNetwork && time.hasStoppedAbout(begin)) {
            tally.count("too late after a stop");
        } else {
            tally.failed(what, failure);
        }
    }

    private static List<Integer> inputs(Door door, Random random) {
        if (random.nextBoolean()) {
            return List.of(random.nextInt(door.inputs()));
        }
        var all = new ArrayList<>(IntStream.range(0, door.inputs()).boxed().toList());
        Collections.shuffle(all, random);
        return List.copyOf(all.subList(0, 1 + random.nextInt(all.size())));
    }

    /** What it is called if it may be. */
    private static Optional<String> excuse(Throwable failure, boolean hurried, Faults faults) {
        boolean closing = faults.isClosing();
        return Optional.ofNullable(
                switch (failure) {
                    case DeadlineException _ when hurried -> "deadline";
                    case InterruptedException _ when faults.takeInterrupt() -> "interrupted";
                    case IllegalStateException e
                    when String.valueOf(e.getMessage()).startsWith("interrupted ") && faults.takeInterrupt() ->
                        "interrupted";
                    case IllegalStateException e
                    when closing && String.valueOf(e.getMessage()).matches(CLOSED) -> "closed";
                    case RefusedException e when e.status() == 504 && hurried -> "deadline";
                    case RefusedException e when e.status() == 503 && closing -> "closed";
                    case RefusedException _ -> null;
                    case IOException _ when closing -> "closed";
                    case IOException _
                    when Thread.currentThread().isInterrupted() && faults.takeInterrupt() -> "interrupted";
                    default -> null;
                });
    }
}
