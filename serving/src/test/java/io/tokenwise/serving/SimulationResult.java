package io.tokenwise.serving;

import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** What became of simulated requests. Those that float are meant where nothing else is said. */
record SimulationResult(
        SimulatedModel model, List<SimulatedRequest> answered, int offered, int expired, List<Double> shedSeconds) {
    int shed() {
        return shedSeconds.size();
    }

    private Stream<SimulatedRequest> floating(Predicate<SimulatedRequest> which) {
        return answered.stream().filter(request -> !request.pinned).filter(which);
    }

    SimulationResult between(double fromSecond, double toSecond) {
        List<SimulatedRequest> some = answered.stream()
                .filter(request -> request.arrivalSeconds() >= fromSecond && request.arrivalSeconds() < toSecond)
                .toList();
        return new SimulationResult(model, some, some.size(), 0, List.of());
    }

    long inTime() {
        return floating(request -> request.latencyNanos <= Simulation.TARGET.toNanos())
                .count();
    }

    /** Of those that were answered. */
    double shareInTime() {
        return (double) inTime() / floating(request -> true).count();
    }

    double p99Millis() {
        long[] sorted = floating(request -> true)
                .mapToLong(request -> request.latencyNanos)
                .sorted()
                .toArray();
        return sorted[(int) (0.99 * (sorted.length - 1))] / 1e6;
    }

    double meanCosine() {
        return 1
                - floating(request -> true)
                        .mapToDouble(request -> model.lost(request.tokens, request.budget))
                        .average()
                        .orElseThrow();
    }

    double meanShare() {
        return floating(request -> true)
                .mapToDouble(request -> request.budget.share())
                .average()
                .orElseThrow();
    }
}
