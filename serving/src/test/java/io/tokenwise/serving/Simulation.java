package io.tokenwise.serving;

import io.tokenwise.api.Budget;
import io.tokenwise.api.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** The scheduler under a virtual clock: requests arrive at random, batches take what the tables say. */
final class Simulation {
    static final Duration TARGET = Duration.ofMillis(50);
    static final double LEAST_SHARE = 0.35;
    private static final int SHORTEST = 16;
    private static final int LONGEST = 128;

    /** How much batches vary for reasons that nobody knows: standard deviation of the time's logarithm. */
    private static final double NOISE = 0.1;

    /**
     * What is simulated.
     *
     * @param load arrivals at a second, as a share of what all workers can do at full budget
     * @param slowness by what time is multiplied at a second: a noisy neighbour, or a cost curve that is wrong
     * @param pinnedShare of the requests
     * @param withDeadlines whether clients give up when the target has passed
     * @param withLosses whether the queue knows what budgets lose
     * @param tooHigh how many times what they are costs were measured
     */
    record Setting(
            Control control,
            int workers,
            double seconds,
            DoubleUnaryOperator load,
            DoubleUnaryOperator slowness,
            double pinnedShare,
            boolean withDeadlines,
            boolean withLosses,
            double tooHigh,
            long seed) {
        static Setting of(Control control, DoubleUnaryOperator load, long seed) {
            return new Setting(control, 1, 20, load, second -> 1, 0, false, true, 1, seed);
        }

        Setting withSlowness(DoubleUnaryOperator newSlowness) {
            return new Setting(
                    control,
                    workers,
                    seconds,
                    load,
                    newSlowness,
                    pinnedShare,
                    withDeadlines,
                    withLosses,
                    tooHigh,
                    seed);
        }

        Setting withClients(double newPinnedShare, boolean newDeadlines) {
            return new Setting(
                    control, workers, seconds, load, slowness, newPinnedShare, newDeadlines, withLosses, tooHigh, seed);
        }

        Setting withWorkers(int newWorkers) {
            return new Setting(
                    control,
                    newWorkers,
                    seconds,
                    load,
                    slowness,
                    pinnedShare,
                    withDeadlines,
                    withLosses,
                    tooHigh,
                    seed);
        }

        Setting withoutLosses() {
            return new Setting(
                    control, workers, seconds, load, slowness, pinnedShare, withDeadlines, false, tooHigh, seed);
        }

        Setting withCostsTooHigh(double times) {
            return new Setting(
                    control, workers, seconds, load, slowness, pinnedShare, withDeadlines, withLosses, times, seed);
        }
    }

    private record End(long nanos, Batch<SimulatedRequest> batch) {}

    private final Setting setting;
    private final QueueOptions options;
    private final SimulatedModel model = new SimulatedModel();
    private final MeasuredModel<Object> measured;
    private final ModelLoad load;
    private final Scheduler<SimulatedRequest> scheduler;
    private final RandomGenerator random;
    private final PriorityQueue<End> ends = new PriorityQueue<>(Comparator.comparingLong(End::nanos));
    private final List<SimulatedRequest> answered = new ArrayList<>();
    private final List<Double> shedSeconds = new ArrayList<>();
    private int offered;
    private int expired;

    Simulation(Setting setting) {
        this.setting = setting;
        options = QueueOptions.defaults()
                .withWorkers(setting.workers)
                .withWaiting(1 << 20, 1 << 30)
                .withControl(setting.control);
        measured = model.measured(options, setting.withLosses, setting.tooHigh);
        load = new ModelLoad(measured.costs());
        scheduler = new Scheduler<>(options);
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(setting.seed);
    }

    SimulationResult run() {
        double perSecond =
                setting.workers * 1e6 * setting.tooHigh / measured.costs().denseMicros((SHORTEST + LONGEST) / 2);
        double second = 0;
        while (true) {
            second += -Math.log(1 - random.nextDouble()) / (perSecond * setting.load.applyAsDouble(second));
            if (second > setting.seconds) {
                break;
            }
            long nowNanos = Math.round(second * 1e9);
            endUntil(nowNanos);
            arrive(nowNanos);
            begin(nowNanos);
        }
        endUntil(Long.MAX_VALUE);
        return new SimulationResult(model, answered, offered, expired, shedSeconds);
    }

    private void arrive(long nowNanos) {
        offered++;
        int tokens = random.nextInt(SHORTEST, LONGEST + 1);
        boolean pinned = random.nextDouble() < setting.pinnedShare;
        BudgetRange range =
                pinned ? BudgetRange.pinned(Budget.FULL) : BudgetRange.floating(Budget.of(LEAST_SHARE), Budget.FULL);
        Choices choices = Choices.of(measured, setting.control, new Request(new int[tokens], Deadline.NONE, range));
        long target = nowNanos + TARGET.toNanos();
        var timing = new Entry.Timing(
                nowNanos,
                setting.withDeadlines ? target : Entry.NEVER,
                setting.withDeadlines || !pinned ? target : Entry.NEVER);
        try {
            scheduler.offer(List.of(new SimulatedRequest(load, choices, pinned, tokens, timing)), nowNanos);
        } catch (OverloadedException e) {
            shedSeconds.add(nowNanos / 1e9);
        }
    }

    private void begin(long nowNanos) {
        while (ends.size() < setting.workers) {
            expired += scheduler.dropExpired(nowNanos).size();
            Batch<SimulatedRequest> batch = scheduler.next(nowNanos);
            if (batch == null) {
                return;
            }
            double micros = SimulatedModel.trueMicros(batch.entries(), batch.step(), setting.tooHigh)
                    * setting.slowness.applyAsDouble(nowNanos / 1e9)
                    * Math.exp(NOISE * random.nextGaussian());
            ends.add(new End(nowNanos + Math.round(1000 * micros), batch));
        }
    }

    private void endUntil(long nanos) {
        while (!ends.isEmpty() && ends.peek().nanos() <= nanos) {
            End end = ends.poll();
            scheduler.finished(end.batch, end.nanos);
            for (SimulatedRequest request : end.batch.entries()) {
                request.budget = request.choices.at(end.batch.step()).budget();
                request.latencyNanos = end.nanos - request.arrivalNanos;
                answered.add(request);
            }
            begin(end.nanos);
        }
    }
}
