package io.tokenwise.bench.load;

import io.tokenwise.io.Processor;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Controllers side by side. Each has a server of its own, all of which are there from the begin: of each load and seed every controller has its turn before the
 * next one, with the same arrivals, so that a machine that becomes slower does so for all.
 */
final class LoadRace {
    private final ModelUnderLoad model;
    private final List<Load> loads;
    private final int seeds;
    private final PrintWriter out;
    private final List<ControlledServer> servers = new ArrayList<>();

    LoadRace(ModelUnderLoad model, List<Load> loads, int seeds, PrintWriter out) {
        this.model = model;
        this.loads = loads;
        this.seeds = seeds;
        this.out = out;
    }

    /** Runs and prints, and leaves results in a folder after each load. */
    LoadResults run(List<Controller> controllers, LoadFolder folder) throws IOException, InterruptedException {
        try {
            for (Controller controller : controllers) {
                var server = new ControlledServer(controller, model);
                servers.add(server);
                server.warmUp();
            }
            var results = new LoadResults(
                    Processor.name(),
                    System.getProperty("java.version"),
                    model.name() + " " + model.precision().label(),
                    model.targetMillis(),
                    capacityPerSecond(),
                    List.of());
            print(results.heading());
            for (Load load : loads) {
                results = results.with(rows(load, results.capacityPerSecond()));
                print(results.lines(load.name()));
                folder.write(results);
            }
            return results;
        } finally {
            stop();
        }
    }

    /** The median of all servers, the same for all. */
    private double capacityPerSecond() throws IOException, InterruptedException {
        var all = new ArrayList<Double>();
        for (ControlledServer server : servers) {
            double capacity = server.capacity(ControlledServer.CAPACITY_SECONDS);
            all.add(capacity);
            print("%s (%s): %.0f requests a second at full budget%n"
                    .formatted(server.controller().label(), server.controller().what(), capacity));
        }
        return LoadRow.quantile(
                all.stream().mapToDouble(Double::doubleValue).sorted().toArray(), 0.5);
    }

    private List<LoadRow> rows(Load load, double capacityPerSecond) throws IOException, InterruptedException {
        var rows = new ArrayList<LoadRow>();
        for (int seed = 0; seed < seeds; seed++) {
            for (ControlledServer server : servers) {
                rows.add(server.run(load, capacityPerSecond, seed));
            }
        }
        return rows;
    }

    private void print(String text) {
        out.print(text);
        out.flush();
    }

    private void stop() throws IOException {
        IOException first = null;
        for (ControlledServer server : servers) {
            try {
                server.close();
            } catch (IOException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
