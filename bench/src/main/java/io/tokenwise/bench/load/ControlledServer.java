package io.tokenwise.bench.load;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** A server under one controller, in a process of its own. It has nothing to do, and so costs nothing, while no load runs. */
final class ControlledServer implements AutoCloseable {
    /** Under way at the same time; the server accepts 1,024. */
    private static final int CONNECTIONS = 1000;

    /** Enough that something always waits. */
    private static final int UNDER_WAY = 64;

    static final double CAPACITY_SECONDS = 4;

    /** Of each of the two parts of a round of warming up. */
    private static final double WARM_UP_SECONDS = 5;

    private static final int MOST_ROUNDS = 15;

    /** C2 is done if in a whole round it has taken less. */
    private static final double QUIET_SECONDS = 0.1;

    /** In turns: what far too much load runs is not what a little too much does. */
    private static final double[] OVERLOADS = {1.3, 2};

    /** Before a run: what is left of the last one is over. */
    private static final long PAUSE_MILLIS = 100;

    private final Controller controller;
    private final ModelUnderLoad model;
    private final ServedProcess process;

    ControlledServer(Controller controller, ModelUnderLoad model) throws IOException {
        this.controller = controller;
        this.model = model;
        process = new ServedProcess(List.of(
                model.name(), model.precision().name(), controller.name(), String.valueOf(model.targetMillis())));
    }

    Controller controller() {
        return controller;
    }

    ServedProcess process() {
        return process;
    }

    /** Until C2 has compiled what full budget and overload run. On the server's only core that takes half of the time for a minute, and so no latency holds before. */
    void warmUp() throws IOException, InterruptedException {
        double compiled = 0;
        double before = Double.NEGATIVE_INFINITY;
        for (int round = 0; round < MOST_ROUNDS && compiled - before >= QUIET_SECONDS; round++) {
            before = compiled;
            var overload = Load.poisson(OVERLOADS[round % OVERLOADS.length], WARM_UP_SECONDS);
            run(overload, capacity(WARM_UP_SECONDS), -1 - round);
            compiled = process.ask(ServerMain.COMPILED_SECONDS);
        }
    }

    /** Requests a second at full budget when there are always some waiting. */
    double capacity(double seconds) throws IOException, InterruptedException {
        try (Connections connections = connect()) {
            return Capacity.perSecond(
                    connections, model.fullBudget(model.texts().texts()), UNDER_WAY, seconds);
        }
    }

    /** Of single requests, one after the other. */
    double medianMicros(List<byte[]> requests, double seconds) throws IOException {
        try (Connections connections = connect()) {
            return Capacity.medianMicros(connections, requests, seconds);
        }
    }

    /** A load on new connections, which are the same for all controllers whatever ran before. */
    LoadRow run(Load load, double capacityPerSecond, int seed) throws IOException, InterruptedException {
        Thread.sleep(PAUSE_MILLIS);
        List<Arrival> arrivals =
                Arrival.of(load, capacityPerSecond, model.texts().texts().size(), seed);
        Future<Void> neighbour = load.neighbourPhase() < 0
                ? null
                : NoisyNeighbour.during(
                        load.begin(load.neighbourPhase()),
                        load.phases().get(load.neighbourPhase()).seconds());
        Outcome[] outcomes;
        try (Connections connections = connect()) {
            outcomes = new OpenLoop(connections, model.texts())
                    .run(arrivals, arrival -> model.request(controller, load, arrival));
        }
        if (neighbour != null) {
            await(neighbour);
        }
        return LoadRow.of(load, controller, seed, outcomes, model.targetNanos());
    }

    private static void await(Future<Void> neighbour) throws IOException, InterruptedException {
        try {
            neighbour.get();
        } catch (ExecutionException e) {
            throw new IOException("the noisy neighbour failed: " + e.getCause().getMessage(), e);
        }
    }

    /** New ones, for the caller to close. */
    Connections connect() {
        return new Connections(process.port(), CONNECTIONS);
    }

    @Override
    public void close() throws IOException {
        process.close();
    }
}
