package io.tokenwise.bench.load;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * What the server costs beside the library in the same JVM on the same core, in turns: the median of one text of 16 tokens, one call after the other, and
 * texts a second when there are always some waiting.
 */
final class ServerCost {
    private static final int ROUNDS = 9;
    private static final double SECONDS = 2;
    private static final double MOST_MORE_MICROS = 300;
    private static final double LEAST_SHARE = 0.9;

    private ServerCost() {}

    /** Prints both, and returns whether they hold. */
    static boolean run(ControlledServer server, ModelUnderLoad model, PrintWriter out)
            throws IOException, InterruptedException {
        List<byte[]> shortest = model.fullBudget(model.texts().shortest());
        var medians = new ArrayList<double[]>();
        var rates = new ArrayList<double[]>();
        for (int round = 0; round < ROUNDS; round++) {
            double library = server.process().ask(ServerMain.LIBRARY_ALONE);
            double http = server.medianMicros(shortest, SECONDS);
            medians.add(new double[] {library, http});
            double libraryRate = server.process().ask(ServerMain.LIBRARY_RATE);
            double httpRate = server.capacity(SECONDS);
            rates.add(new double[] {libraryRate, httpRate});
        }
        double library = median(medians, 0);
        double http = median(medians, 1);
        double share = median(rates, 1) / median(rates, 0);
        out.printf(
                "16 tokens, p50: library %.0f us, HTTP %.0f us, %.0f more (at most %.0f): %s%n",
                library,
                http,
                http - library,
                MOST_MORE_MICROS,
                http - library <= MOST_MORE_MICROS ? "holds" : "MISSED");
        out.printf(
                "texts a second: library %.1f, HTTP %.1f, %.3f of it (at least %.1f): %s%n",
                median(rates, 0), median(rates, 1), share, LEAST_SHARE, share >= LEAST_SHARE ? "holds" : "MISSED");
        out.flush();
        return http - library <= MOST_MORE_MICROS && share >= LEAST_SHARE;
    }

    private static double median(List<double[]> rounds, int which) {
        return LoadRow.quantile(
                rounds.stream().mapToDouble(round -> round[which]).sorted().toArray(), 0.5);
    }
}
