package io.tokenwise.bench.soak;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * How figures went after the time in which everything takes its size.
 *
 * @param name of the figure
 * @param atFirst when that time was over
 * @param most of all later ones
 * @param atLast the last
 * @param perHour the slope of the straight line that is nearest to them, by least squares
 */
record Slopes(String name, double atFirst, double most, double atLast, double perHour) {
    private static final Map<String, ToDoubleFunction<Reading>> FIGURES = figures();

    private static Map<String, ToDoubleFunction<Reading>> figures() {
        var figures = new LinkedHashMap<String, ToDoubleFunction<Reading>>();
        figures.put("resident MiB", Reading::residentMiB);
        figures.put("heap MiB", Reading::heapMiB);
        figures.put("workspaces MiB", Reading::workspaceMiB);
        figures.put("native MiB", Reading::nativeMiB);
        figures.put("threads", Reading::threads);
        figures.put("descriptors", Reading::descriptors);
        return figures;
    }

    /** @param readings from the minute on at which everything has its size; at least one */
    static List<Slopes> of(List<Reading> readings) {
        return FIGURES.entrySet().stream()
                .map(figure -> of(figure.getKey(), readings, figure.getValue()))
                .toList();
    }

    private static Slopes of(String name, List<Reading> readings, ToDoubleFunction<Reading> figure) {
        return new Slopes(
                name,
                figure.applyAsDouble(readings.getFirst()),
                readings.stream().mapToDouble(figure).max().orElseThrow(),
                figure.applyAsDouble(readings.getLast()),
                perHour(readings, figure));
    }

    private static double perHour(List<Reading> readings, ToDoubleFunction<Reading> figure) {
        double meanHour =
                readings.stream().mapToDouble(Reading::minute).average().orElseThrow() / 60;
        double mean = readings.stream().mapToDouble(figure).average().orElseThrow();
        double products = 0;
        double squares = 0;
        for (Reading reading : readings) {
            double hour = reading.minute() / 60 - meanHour;
            products += hour * (figure.applyAsDouble(reading) - mean);
            squares += hour * hour;
        }
        return squares == 0 ? 0 : products / squares;
    }

    /** By how much a later figure exceeds the first. */
    double growth() {
        return most - atFirst;
    }
}
