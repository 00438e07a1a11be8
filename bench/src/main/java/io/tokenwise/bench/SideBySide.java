package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.io.Processor;
import io.tokenwise.references.TorchScript;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The whole run: every wanted contender in every wanted scenario, for each number of threads.
 *
 * @param threads one run for each
 * @param only contenders whose name contains one of these
 * @param adaptive where the adaptive model is, if there is one
 * @param heldOut text to judge quality by, unless that is left out
 * @param memory whether peak memory is measured too
 * @param err told what happens
 */
record SideBySide(
        List<Integer> threads,
        List<Scenario> scenarios,
        List<String> only,
        List<Double> budgets,
        Optional<Path> adaptive,
        Race race,
        Optional<Quality.Texts> heldOut,
        boolean memory,
        PrintWriter err) {
    /** Others must give its vectors. */
    private static final String REFERENCE = "onnxruntime-f32";

    private static final String MEMORY_SCENARIO = "bulk";

    /** @throws IllegalArgumentException if no contender is wanted */
    Results run() throws IOException, OrtException {
        var rows = new ArrayList<Results.Row>();
        var peaks = new ArrayList<PeakMemory>();
        Map<String, Quality> qualities = new HashMap<>();
        for (int count : threads) {
            var choice = new Lineup.Choice(
                    count, budgets, adaptive, name -> only.stream().anyMatch(name::contains));
            try (Lineup referee = Lineup.open(new Lineup.Choice(count, budgets, adaptive, REFERENCE::equals));
                    Lineup lineup = Lineup.open(choice)) {
                if (lineup.engines().isEmpty()) {
                    throw new IllegalArgumentException(
                            "--only " + String.join(",", only) + ": no contender is called so");
                }
                Contender reference = referee.engines().getFirst();
                judge(lineup, reference, qualities);
                rows.addAll(race(lineup, reference, count, qualities));
                if (memory) {
                    peaks.addAll(peaks(lineup, choice));
                }
            }
        }
        return new Results(Processor.name(), Runtime.version().toString(), notes(), rows, peaks);
    }

    /** Quality does not depend on threads: measured once for each contender. */
    private void judge(Lineup lineup, Contender reference, Map<String, Quality> qualities) {
        if (heldOut.isEmpty() || !qualities.isEmpty()) {
            return;
        }
        float[][] dense = reference.callers().get().encode(heldOut.get().texts());
        for (Contender contender : lineup.engines()) {
            err.println("judges " + contender.name());
            qualities.put(contender.name(), Quality.of(contender, heldOut.get(), dense));
        }
    }

    private List<Results.Row> race(Lineup lineup, Contender reference, int count, Map<String, Quality> qualities) {
        var rows = new ArrayList<Results.Row>();
        for (Scenario scenario : scenarios) {
            List<Contender> contenders = lineup.of(scenario);
            err.println("measures " + scenario.name() + ", " + count + " thread(s): " + contenders.size()
                    + " contenders, " + race.rounds() + " rounds");
            for (Race.Timing timing : race.run(scenario, reference, contenders)) {
                Quality quality = qualities.get(timing.contender().name());
                rows.add(Results.Row.of(scenario, count, timing, quality));
            }
        }
        return rows;
    }

    private List<PeakMemory> peaks(Lineup lineup, Lineup.Choice choice) throws IOException {
        var peaks = new ArrayList<PeakMemory>();
        for (Contender contender : lineup.engines()) {
            err.println("measures memory of " + contender.name() + ", " + choice.threads() + " thread(s)");
            peaks.add(PeakMemory.of(contender, MEMORY_SCENARIO, choice));
        }
        return peaks;
    }

    private List<String> notes() {
        var notes = new ArrayList<String>();
        notes.add("Model time only, token ids in, vectors out: input tensors, pooling and normalisation count, the"
                + " tokenizer does not.");
        notes.add("Tokenwise: ragged batches, lists as they come; workers park when idle.");
        for (OwnEngine engine : OwnEngine.RACING) {
            engine.refusal().ifPresent(why -> notes.add("Tokenwise " + engine.label() + " is left out: " + why + "."));
        }
        notes.add("ONNX Runtime " + OrtModel.version() + ": all optimizations; intra-op threads spin during a call (its"
                + " default) but not after it (session.force_spinning_stop); lists in padded batches of "
                + PaddedBatches.BY_LENGTH.size() + " texts sorted by length, or (as they come) of "
                + PaddedBatches.ARRIVAL.size() + " unsorted.");
        notes.add(
                TorchScript.isAvailable()
                        ? "libtorch " + TorchScript.version() + " through DJL: one TorchScript program a call, fused"
                                + " attention, no gradients; lists in padded batches of "
                                + PaddedBatches.BY_LENGTH.size() + " texts sorted by length."
                        : "libtorch is left out: the project brings it for Linux on x86-64 only.");
        notes.add("Jlama is left out: its BERT gives other vectors (docs/lab/speed.md).");
        notes.add(
                adaptive.isPresent()
                        ? "acm: " + adaptive.get() + ", routed by its gates; at budget 1 every learner runs."
                        : "acm (untrained): no saved model was found. Every token gets the same number of learners: gates"
                                + " and grouping cost nothing here, and the quality is that of no training at all.");
        notes.add("p50, p95, p99 of the calls of " + race.rounds() + " interleaved rounds (half as many where calls are"
                + " long) after " + race.warmUpNanos() / 1e9 + " s of warm-up for each contender.");
        heldOut.ifPresent(texts -> notes.add("Quality: " + texts.what() + "."));
        scenarios.forEach(scenario -> notes.add(scenario.name() + ": " + scenario.what() + "."));
        return notes;
    }
}
