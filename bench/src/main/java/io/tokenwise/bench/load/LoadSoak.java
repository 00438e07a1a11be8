package io.tokenwise.bench.load;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
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

    private final ServedProcess server;
    private final LoadTexts texts;
    private final OpenLoop.Requests requests;
    private final double capacityPerSecond;
    private final long targetNanos;
    private final PrintWriter out;
    private final AtomicLong badCalls = new AtomicLong();
    private volatile boolean stopping;

    LoadSoak(
            ServedProcess server,
            LoadTexts texts,
            OpenLoop.Requests requests,
            double capacityPerSecond,
            long targetNanos,
            PrintWriter out) {
        this.server = server;
        this.texts = texts;
        this.requests = requests;
        this.capacityPerSecond = capacityPerSecond;
        this.targetNanos = targetNanos;
        this.out = out;
    }

    /** Whether all held; the server has stopped then. */
    boolean run(double minutes, int mostConnections) throws IOException, InterruptedException {
        List<Thread> bad = startBadClients();
        var latencies = new Histogram(3);
        long sent = 0;
        long within = 0;
        long answered = 0;
        long lost = 0;
        var memory = new ArrayList<ProcessMemory>();
        out.printf(
                "%8s %9s %9s %8s %8s %8s %9s %9s %8s %8s%n",
                "minute", "sent", "answered", "in time", "shed", "lost", "p99 ms", "bad calls", "RSS MiB", "threads");
        try (var connections = new Connections(server.port(), mostConnections)) {
            var loop = new OpenLoop(connections, texts);
            double seconds = minutes * 60 / LINES;
            for (int line = 0; line < LINES; line++) {
                Load load = Load.poisson(TIMES, seconds);
                Outcome[] outcomes = loop.run(
                        Arrival.of(load, capacityPerSecond, texts.texts().size(), line), requests);
                var part = new Histogram(3);
                for (Outcome outcome : outcomes) {
                    if (outcome.answered()) {
                        part.recordValue(outcome.latencyNanos() / 1000);
                        answered++;
                    }
                    within += outcome.answeredWithin(targetNanos) ? 1 : 0;
                    if (!outcome.answered() && !outcome.shed()) {
                        lost++;
                        out.printf("lost: status %d after %.1f ms%n", outcome.status(), outcome.latencyNanos() / 1e6);
                    }
                }
                sent += outcomes.length;
                latencies.add(part);
                memory.add(ProcessMemory.of(server.pid()));
                line((line + 1) * minutes / LINES, sent, answered, within, lost, part, memory.getLast());
            }
        } finally {
            stopping = true;
        }
        for (Thread thread : bad) {
            thread.join();
        }
        boolean stopped = stopsUnderLoad(mostConnections);
        return judge(within / (double) answered, lost, memory) & stopped;
    }

    private void line(
            double minute, long sent, long answered, long within, long lost, Histogram part, ProcessMemory memory) {
        out.printf(
                "%8.1f %9d %9d %7.2f%% %7.2f%% %8d %9.1f %9d %8.1f %8d%n",
                minute,
                sent,
                answered,
                100.0 * within / Math.max(1, answered),
                100.0 * (sent - answered - lost) / sent,
                lost,
                part.getValueAtPercentile(99) / 1e3,
                badCalls.get(),
                memory.residentBytes() / (double) (1 << 20),
                memory.threads());
        out.flush();
    }

    private boolean judge(double within, long lost, List<ProcessMemory> memory) {
        int tenth = memory.size() / 10;
        long base = memory.get(tenth).residentBytes();
        long most = memory.stream()
                .skip(tenth)
                .mapToLong(ProcessMemory::residentBytes)
                .max()
                .orElse(base);
        int moreThreads = memory.stream()
                        .skip(tenth)
                        .mapToInt(ProcessMemory::threads)
                        .max()
                        .orElse(0)
                - memory.get(tenth).threads();
        return says(
                        "answered in time, of what was answered: %.4f, at least %.2f".formatted(within, LEAST_WITHIN),
                        within >= LEAST_WITHIN)
                & says("lost: " + lost, lost == 0)
                & says(
                        "resident memory after the first tenth: %.1f MiB more at most, %d allowed"
                                .formatted((most - base) / (double) (1 << 20), MOST_GROWTH_BYTES >> 20),
                        most - base <= MOST_GROWTH_BYTES)
                & says(
                        "threads: %d more at most, %d allowed".formatted(moreThreads, MOST_MORE_THREADS),
                        moreThreads <= MOST_MORE_THREADS);
    }

    private boolean says(String what, boolean good) {
        out.println(what + (good ? ": holds" : ": MISSED"));
        out.flush();
        return good;
    }

    /** SIGTERM while requests come: what was accepted is answered, later ones are refused or find nobody. */
    private boolean stopsUnderLoad(int mostConnections) throws IOException, InterruptedException {
        Load load = Load.poisson(TIMES, 3);
        Outcome[] outcomes;
        try (var connections = new Connections(server.port(), mostConnections)) {
            Thread.ofVirtual().start(() -> {
                try {
                    Thread.sleep(1500);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                server.terminate();
            });
            outcomes = new OpenLoop(connections, texts)
                    .run(Arrival.of(load, capacityPerSecond, texts.texts().size(), LINES), requests);
        }
        int exit = server.await();
        long cut = Arrays.stream(outcomes).filter(Outcome::cutShort).count();
        return says(
                "SIGTERM under load: exit %d, %d requests sent and not answered".formatted(exit, cut),
                exit == ENDED_BY_SIGTERM && cut == 0);
    }

    private List<Thread> startBadClients() {
        var threads = new ArrayList<Thread>();
        byte[] request = requests.of(new Arrival(0, 0, 0, false));
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
                    client.call(server.port(), request, new Random(seed));
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
