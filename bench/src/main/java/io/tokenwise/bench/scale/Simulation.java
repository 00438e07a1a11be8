package io.tokenwise.bench.scale;

import io.tokenwise.bench.scale.Outcome.Activity;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * A job on a cluster, event by event. A task goes through its {@link Step}s on one core; all who read or write share what the store gives. What a partition's texts cost beside the mean is
 * the sum of many texts' deviations, so it is drawn from a normal distribution, the same whenever the task is repeated.
 */
final class Simulation {
    /** After so many failures of one task Spark ends the job (spark.task.maxFailures). */
    private static final int MOST_FAILURES = 4;

    private static final double LEAST_SLOWDOWN = 1.5;
    private static final double MOST_SLOWDOWN = 10;

    /** What a task does, in this order. */
    private enum Step {
        LAUNCH(Activity.LAUNCHING),
        OPEN(Activity.STARTING),
        FETCH(Activity.SHUFFLING),
        ASK(Activity.MOVING),
        READ(Activity.MOVING),
        COMPUTE(Activity.COMPUTING),
        STRAGGLE(Activity.STRAGGLING),
        LEAVE(Activity.SHUFFLING),
        OFFER(Activity.MOVING),
        WRITE(Activity.MOVING);

        final Activity activity;

        Step(Activity activity) {
            this.activity = activity;
        }

        static final List<Step> ALL = List.of(values());
    }

    private enum Kind {
        /** A core's step ends. */
        STEP,
        FAILURE,
        /** An executor has come up. */
        READY
    }

    /**
     * Something that will happen.
     *
     * @param at seconds; of a transfer, megabytes that each flow has had by then
     * @param order breaks ties
     * @param place a core or an executor
     * @param life of the executor: what an executor that died had before it does not happen
     */
    private record Event(double at, long order, Kind kind, int place, int life) {
        static final Comparator<Event> FIRST =
                Comparator.comparingDouble(Event::at).thenComparingLong(Event::order);
    }

    /** A core, and the attempt that runs on it. */
    private static final class Core {
        static final int NONE = -1;

        int task = NONE;
        Step step;
        double since;
        double slowdown;
        boolean fresh;
        final double[] spent = new double[Activity.values().length];
    }

    private final Cluster cluster;
    private final long seed;
    private final SplittableRandom random;
    private final PriorityQueue<Event> events = new PriorityQueue<>(Event.FIRST);
    private final PriorityQueue<Event> transfers = new PriorityQueue<>(Event.FIRST);
    private final Core[] cores;
    private final BitSet idle = new BitSet();
    private final int[] lives;
    private final double[] downSince;
    private final double[] spent = new double[Activity.values().length];

    private double now;
    private long order;
    private double driverFree;

    /** Transfers that go on, and how many megabytes each of them would have had since the beginning. */
    private int flows;

    private double flowed;
    private double shortSeconds;

    private Stage stage;
    private int next;
    private final ArrayDeque<Integer> again = new ArrayDeque<>();
    private byte[] failures;
    private int done;

    private int tasks;
    private int repeated;
    private long requests;
    private double read;
    private double written;
    private double shuffled;

    private Simulation(Cluster cluster, long seed) {
        this.cluster = cluster;
        this.seed = seed;
        random = new SplittableRandom(seed);
        cores = new Core[cluster.allCores()];
        Arrays.setAll(cores, _ -> new Core());
        lives = new int[cluster.executors()];
        downSince = new double[cluster.executors()];
    }

    /**
     * Runs a job.
     *
     * @throws IllegalStateException if a task died so often that Spark would end the job
     */
    static Outcome run(Cluster cluster, List<Stage> stages, long seed) {
        var simulation = new Simulation(cluster, seed);
        for (int executor = 0; executor < cluster.executors(); executor++) {
            double ships = (executor + 1) * cluster.start().shipSeconds();
            simulation.at(cluster.start().seconds() + ships, Kind.READY, executor, 0);
        }
        stages.forEach(simulation::run);
        return simulation.outcome();
    }

    private Outcome outcome() {
        var coreSeconds = new EnumMap<Activity, Double>(Activity.class);
        double all = now * cores.length;
        spent[Activity.IDLE.ordinal()] = Math.max(0, all - Arrays.stream(spent).sum());
        for (Activity activity : Activity.values()) {
            coreSeconds.put(activity, spent[activity.ordinal()]);
        }
        return new Outcome(now, coreSeconds, tasks, repeated, requests, read, written, shuffled, shortSeconds);
    }

    private void run(Stage newStage) {
        stage = newStage;
        next = 0;
        done = 0;
        failures = new byte[stage.tasks()];
        for (int core = idle.nextSetBit(0); core >= 0; core = idle.nextSetBit(core + 1)) {
            begin(core);
        }
        while (done < stage.tasks()) {
            while (!transfers.isEmpty() && isOver(transfers.peek())) {
                transfers.poll();
            }
            double timed = events.isEmpty() ? Double.POSITIVE_INFINITY : events.peek().at;
            double flow = transfers.isEmpty()
                    ? Double.POSITIVE_INFINITY
                    : now + Math.max(0, transfers.peek().at - flowed) / rate();
            advance(Math.min(timed, flow));
            if (flow <= timed) {
                flows--;
                end(transfers.poll().place);
            } else {
                happen(events.poll());
            }
        }
    }

    /** Of each transfer, in megabytes a second. */
    private double rate() {
        return Math.min(cluster.streamMegabytesPerSecond(), cluster.store().megabytesPerSecond() / flows);
    }

    private void advance(double time) {
        if (flows > 0) {
            flowed += (time - now) * rate();
            shortSeconds += rate() < cluster.streamMegabytesPerSecond() ? time - now : 0;
        }
        now = time;
    }

    private void at(double time, Kind kind, int place, int life) {
        events.add(new Event(time, order++, kind, place, life));
    }

    /** Whether the executor died since. */
    private boolean isOver(Event event) {
        int executor = event.kind == Kind.STEP ? event.place / cluster.cores() : event.place;
        return event.life != lives[executor];
    }

    private void happen(Event event) {
        if (isOver(event)) {
            return;
        }
        switch (event.kind) {
            case STEP -> end(event.place);
            case FAILURE -> fail(event.place);
            case READY -> comeUp(event.place);
        }
    }

    private void comeUp(int executor) {
        double rate = cluster.hazards().failuresPerHour() / 3600;
        if (rate > 0) {
            at(now - Math.log1p(-random.nextDouble()) / rate, Kind.FAILURE, executor, lives[executor]);
        }
        spent[Activity.STARTING.ordinal()] += cluster.cores() * (now - downSince[executor]);
        for (int core = executor * cluster.cores(); core < (executor + 1) * cluster.cores(); core++) {
            cores[core].fresh = true;
            begin(core);
        }
    }

    private void fail(int executor) {
        lives[executor]++;
        downSince[executor] = now;
        for (int i = executor * cluster.cores(); i < (executor + 1) * cluster.cores(); i++) {
            idle.clear(i);
            lose(cores[i]);
        }
        double start = cluster.start().seconds() + cluster.start().shipSeconds();
        at(now + start, Kind.READY, executor, lives[executor]);
        for (int core = idle.nextSetBit(0); core >= 0 && !again.isEmpty(); core = idle.nextSetBit(core + 1)) {
            begin(core);
        }
    }

    private void lose(Core core) {
        if (core.task == Core.NONE) {
            return;
        }
        flows -= isTransfer(core.step) ? 1 : 0;
        spent[Activity.LOST.ordinal()] += Arrays.stream(core.spent).sum() + now - core.since;
        repeated++;
        if (++failures[core.task] == MOST_FAILURES) {
            throw new IllegalStateException(
                    "a task died " + MOST_FAILURES
                            + " times with its executor, after which Spark ends the job; make partitions smaller or executors fail less");
        }
        again.add(core.task);
        core.task = Core.NONE;
    }

    /** The next task, if there is one. */
    private void begin(int place) {
        Core core = cores[place];
        core.task = !again.isEmpty() ? again.poll() : next < stage.tasks() ? next++ : Core.NONE;
        idle.set(place, core.task == Core.NONE);
        if (core.task != Core.NONE) {
            Arrays.fill(core.spent, 0);
            core.slowdown = slowdown();
            enter(place, 0);
        }
    }

    private double slowdown() {
        if (random.nextDouble() >= cluster.hazards().stragglers()) {
            return 1;
        }
        return Math.min(MOST_SLOWDOWN, LEAST_SLOWDOWN / Math.sqrt(1 - random.nextDouble()));
    }

    /** The first step from this one on that takes any time. */
    private void enter(int place, int from) {
        Core core = cores[place];
        for (int i = from; i < Step.ALL.size(); i++) {
            Step step = Step.ALL.get(i);
            double amount = isTransfer(step) ? megabytes(step) : seconds(step, core);
            if (amount > 0) {
                core.step = step;
                core.since = now;
                int life = lives[place / cluster.cores()];
                if (isTransfer(step)) {
                    flows++;
                    transfers.add(new Event(flowed + amount, order++, Kind.STEP, place, life));
                } else {
                    at(now + amount, Kind.STEP, place, life);
                }
                return;
            }
        }
        complete(place);
    }

    private void end(int place) {
        Core core = cores[place];
        core.spent[core.step.activity.ordinal()] += now - core.since;
        switch (core.step) {
            case OPEN -> core.fresh = false;
            case READ -> {
                read += stage.read();
                requests += cluster.store().requests(stage.read());
            }
            case WRITE -> {
                written += stage.written();
                requests += cluster.store().requests(stage.written());
            }
            case LEAVE -> shuffled += stage.shuffled();
            default -> {}
        }
        enter(place, core.step.ordinal() + 1);
    }

    private void complete(int place) {
        Core core = cores[place];
        for (int i = 0; i < spent.length; i++) {
            spent[i] += core.spent[i];
        }
        done++;
        tasks++;
        begin(place);
    }

    private static boolean isTransfer(Step step) {
        return step == Step.READ || step == Step.WRITE;
    }

    private double megabytes(Step step) {
        return step == Step.READ ? stage.read() : stage.written();
    }

    private double seconds(Step step, Core core) {
        Cluster.Store store = cluster.store();
        return switch (step) {
            case LAUNCH -> {
                driverFree = Math.max(now, driverFree) + cluster.launchSeconds();
                yield driverFree - now;
            }
            case OPEN ->
                core.fresh && stage.seconds() > 0
                        ? cluster.start().openSeconds() + cluster.start().warmUpSeconds()
                        : 0;
            case FETCH ->
                stage.blocks() * cluster.shuffle().blockSeconds() + stage.fetched() / cluster.coreMegabytesPerSecond();
            case ASK -> store.requests(stage.read()) * store.requestSeconds();
            case COMPUTE -> computes(core.task);
            case STRAGGLE -> (core.slowdown - 1) * computes(core.task);
            case LEAVE -> stage.shuffled() / cluster.coreMegabytesPerSecond();
            case OFFER -> store.requests(stage.written()) * store.requestSeconds();
            case READ, WRITE -> throw new IllegalStateException(step + " is a transfer");
        };
    }

    /** Of its partition's texts, the same at each attempt. */
    private double computes(int task) {
        if (stage.deviation() == 0) {
            return stage.seconds();
        }
        double drawn = new SplittableRandom(seed * 31 + task).nextGaussian();
        return Math.max(0, stage.seconds() + stage.deviation() * drawn);
    }
}
