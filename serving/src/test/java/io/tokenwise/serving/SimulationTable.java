package io.tokenwise.serving;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Controllers beside each other in the simulator. No test; it is run by {@code ./tokenwise test serving -Dtest=SimulationTable -Dtokenwise.simulate=yes} and leaves {@code
 * serving/target/simulation.md}.
 */
class SimulationTable {
    private static final long[] SEEDS = {1, 2, 3};

    @Test
    @EnabledIfSystemProperty(named = "tokenwise.simulate", matches = ".+")
    void write() throws IOException {
        Map<String, DoubleUnaryOperator> loads = new LinkedHashMap<>();
        for (double load : new double[] {0.5, 0.8, 1, 1.2, 1.3, 1.5, 2}) {
            loads.put(Double.toString(load), second -> load);
        }
        loads.put("step .6, 1.3, .6", Loads.STEP);
        loads.put("burst of 3 for 2 s", Loads.BURST);
        var lines = new ArrayList<>(List.of(
                "| load | controller | in time | goodput | shed | p99 ms | mean share | mean cosine |",
                "|---|---|---|---|---|---|---|---|"));
        loads.forEach((name, load) -> {
            Loads.controls().forEach((controller, control) -> lines.add(row(name, controller, control, load, true)));
            lines.add(row(name, "both, one budget for all", Loads.AUTO, load, false));
            double oracle = Arrays.stream(SEEDS)
                    .mapToDouble(seed -> Oracle.meanCosine(Simulation.Setting.of(Control.off(), load, seed)))
                    .average()
                    .orElseThrow();
            lines.add(String.format(Locale.ROOT, "| %s | oracle, a bound | | | | | | %.4f |", name, oracle));
        });
        Files.write(Path.of("target", "simulation.md"), lines);
    }

    private static String row(
            String name, String controller, Control control, DoubleUnaryOperator load, boolean withLosses) {
        var sums = new double[6];
        for (long seed : SEEDS) {
            var setting = Simulation.Setting.of(control, load, seed);
            var result = new Simulation(withLosses ? setting : setting.withoutLosses()).run();
            sums[0] += result.shareInTime();
            sums[1] += (double) result.inTime() / result.offered();
            sums[2] += (double) result.shed() / result.offered();
            sums[3] += result.p99Millis();
            sums[4] += result.meanShare();
            sums[5] += result.meanCosine();
        }
        return String.format(
                Locale.ROOT,
                "| %s | %s | %.4f | %.4f | %.4f | %.1f | %.3f | %.4f |",
                name,
                controller,
                sums[0] / SEEDS.length,
                sums[1] / SEEDS.length,
                sums[2] / SEEDS.length,
                sums[3] / SEEDS.length,
                sums[4] / SEEDS.length,
                sums[5] / SEEDS.length);
    }
}
