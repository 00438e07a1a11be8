package io.tokenwise.bench.load;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * A server at one and a half times its capacity for long, beside clients that vanish, send garbage, or send slowly: nothing that it accepted may be lost, its
 * memory and threads must stay flat, and well-behaved requests be in time. In the end it is asked to stop in the middle of it.
 */
final class LoadSoak {
    private static final double TIMES = 1.5;
    private static final int LINES = 30;
    private static final long MOST_GROWTH_BYTES = 64L << 20;
    private static final int MOST_MORE_THREADS = 4;
    private static final double LEAST_WITHIN = 0.99;

    /** What a JVM says whose shutdown hooks have run to their end; {@code serve} says 0. */
    private static final int ENDED_BY_SIGTERM = 128 + 15;

    /** Each kind of bad client calls so often. */
    private static final long BAD_EVERY_MILLIS = 200;

    private static final Controller CONTROLLER = Controller.BOTH;
    private static final long STOP_AFTER_MILLIS = 1500;
    private static final double STOP_LOAD_SECONDS = 3;

    private final ControlledServer server;
    private final ModelUnderLoad model;
    private final double capacityPerSecond;
    private final PrintWriter out;
    private final AtomicLong badCalls = new AtomicLong();
    private volatile boolean stopping;

    LoadSoak(ControlledServer server, ModelUnderLoad model, double capacityPerSecond, PrintWriter out) {
        this.server = server;
        this.model = model;
        this.capacityPerSecond = capacityPerSecond;
        this.out = out;
    }

    /** Whether all held; the server has stopped then. */
    boolean run(double minutes) throws IOException, InterruptedException {
        List<Thread> bad = startBadClients();
        var latencies = new Histogram(3);
        var lost = new TreeMap<String, Integer>();
        long sent = 0;
        long within = 0;
        var memory = new ArrayList<ProcessMemory>();
        out.printf(
                "%8s %9s %9s %8s %8s %8s %12s %9s %8s %8s%n",
                "minute",
                "sent",
                "answered",
                "in time",
                "shed",
                "lost",
                "p99 ms now",
                "bad calls",
                "RSS MiB",
                "threads");
        try (Connections connections = server.connect()) {
            for (int line = 0; line < LINES; line++) {
                List<Outcome> outcomes = run(connections, minutes * 60 / LINES, line);
                LoadRow.counts(outcomes, Outcome::failed).forEach((kind, count) -> {
                    lost.merge(kind, count, Integer::sum);
                    out.printf("lost: %d times %s%n", count, kind);
                });
                var now = new Histogram(3);
                for (Outcome outcome : outcomes) {
                    if (outcome.answered()) {
                        now.recordValue(outcome.latencyNanos() / 1000);
                    }
                    within += outcome.answeredWithin(model.targetNanos()) ? 1 : 0;
                }
                sent += outcomes.size();
                latencies.add(now);
                memory.add(ProcessMemory.of(server.process().pid()));
                long answered = latencies.getTotalCount();
                line((line + 1) * minutes / LINES, sent, answered, within, sum(lost), now, memory.getLast());
            }
        } finally {
            stopping = true;
        }
        for (Thread thread : bad) {
            thread.join();
        }
        boolean stopped = stopsUnderLoad();
        return judge(latencies, within, lost, memory) & stopped;
    }

    private List<Outcome> run(Connections connections, double seconds, int seed) throws InterruptedException {
        Load load = Load.poisson(TIMES, seconds);
        List<Arrival> arrivals =
                Arrival.of(load, capacityPerSecond, model.texts().texts().size(), seed);
        return List.of(new OpenLoop(connections, model.texts())
                .run(arrivals, arrival -> model.request(CONTROLLER, load, arrival)));
    }

    private static int sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    private void line(
            double minute, long sent, long answered, long within, long lost, Histogram now, ProcessMemory memory) {
        out.printf(
                "%8.1f %9d %9d %7.2f%% %7.2f%% %8d %12.1f %9d %8.1f %8d%n",
                minute,
                sent,
                answered,
                100.0 * within / Math.max(1, answered),
                100.0 * (sent - answered - lost) / sent,
                lost,
                now.getValueAtPercentile(99) / 1e3,
                badCalls.get(),
                memory.residentBytes() / (double) (1 << 20),
                memory.threads());
        out.flush();
    }

    private boolean judge(Histogram latencies, long within, Map<String, Integer> lost, List<ProcessMemory> memory) {
        double share = within / (double) latencies.getTotalCount();
        long growth = growthAfterATenth(
                memory.stream().map(ProcessMemory::residentBytes).toList());
        long moreThreads = growthAfterATenth(
                memory.stream().map(now -> (long) now.threads()).toList());
        return says(
                        "answered in time, of what was answered: %.4f, at least %.2f (p99 %.1f ms)"
                                .formatted(share, LEAST_WITHIN, latencies.getValueAtPercentile(99) / 1e3),
                        share >= LEAST_WITHIN)
                & says("lost: " + LoadResults.text(lost), lost.isEmpty())
                & says(
                        "resident memory after the first tenth: %.1f MiB more at most, %d allowed"
                                .formatted(growth / (double) (1 << 20), MOST_GROWTH_BYTES >> 20),
                        growth <= MOST_GROWTH_BYTES)
                & says(
                        "threads: %d more at most, %d allowed".formatted(moreThreads, MOST_MORE_THREADS),
                        moreThreads <= MOST_MORE_THREADS);
    }

    /** The most by which a later figure exceeds the one at a tenth of the time. */
    static long growthAfterATenth(List<Long> figures) {
        int tenth = (figures.size() - 1) / 10;
        return figures.stream().skip(tenth).mapToLong(Long::longValue).max().orElseThrow() - figures.get(tenth);
    }

    private boolean says(String what, boolean good) {
        out.println(what + (good ? ": holds" : ": MISSED"));
        out.flush();
        return good;
    }

    /** SIGTERM while requests come: what was accepted is answered, later ones are refused or find nobody. */
    private boolean stopsUnderLoad() throws IOException, InterruptedException {
        List<Outcome> outcomes;
        try (Connections connections = server.connect()) {
            Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(STOP_AFTER_MILLIS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                server.process().terminate();
            });
            outcomes = run(connections, STOP_LOAD_SECONDS, LINES);
        }
        int exit = server.process().await();
        Map<String, Integer> lost = LoadRow.counts(outcomes, Outcome::lost);
        return says(
                "SIGTERM under load: exit %d, lost: %s; answered %d of %d"
                        .formatted(
                                exit,
                                LoadResults.text(lost),
                                outcomes.stream().filter(Outcome::answered).count(),
                                outcomes.size()),
                exit == ENDED_BY_SIGTERM && lost.isEmpty());
    }

    private List<Thread> startBadClients() {
        var threads = new ArrayList<Thread>();
        byte[] request = model.request(CONTROLLER, Load.poisson(TIMES, 1), new Arrival(0, 0, 0, false));
        for (BadClient client : BadClient.values()) {
            threads.add(Thread.ofVirtual().start(() -> keepCalling(client, request)));
        }
        return threads;
    }

    private void keepCalling(BadClient client, byte[] request) {
        var random = new Random(client.ordinal());
        var calls = new ArrayList<Thread>();
        while (!stopping) {
            int seed = random.nextInt();
            calls.removeIf(call -> !call.isAlive());
            calls.add(Thread.ofVirtual().start(() -> {
                try {
                    client.call(server.process().port(), request, new Random(seed));
                } catch (IOException e) {
                    // The server has thrown it out, which is its right.
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                badCalls.incrementAndGet();
            }));
            try {
                Thread.sleep(BAD_EVERY_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        calls.forEach(call -> {
            try {
                call.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
