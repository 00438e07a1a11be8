package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.api.Budget;
import io.tokenwise.bench.EqualTime.Placed;
import io.tokenwise.bench.FrontierResults.Comparison;
import io.tokenwise.bench.FrontierResults.Measure;
import io.tokenwise.bench.FrontierResults.Row;
import io.tokenwise.bench.FrontierResults.Verdict;
import io.tokenwise.bench.QualityTask.Score;
import io.tokenwise.bench.TimeCurve.Point;
import io.tokenwise.distill.FrequentWords;
import io.tokenwise.io.Processor;
import io.tokenwise.testdata.SharedData;
import io.tokenwise.testdata.StsPairs;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The whole run of {@code bench frontier}: every candidate judged once, then timed at every length, all in turn.
 *
 * @param choice who takes part
 * @param frequentWords by which words are dropped
 * @param fittedTo texts to which rivals are fitted, drawn from those in which words were counted
 * @param lengths as {@link TimedTexts#of} takes them
 * @param rounds turns of each candidate at a length
 * @param warmUpNanos of each before that
 * @param queries of WordNet's examples, at most
 * @param glosses among which they look, at most
 * @param bootstrap of the comparisons
 * @param wordsFrom what the frequent words were counted in, for people
 * @param err told what happens
 */
record Frontier(
        Candidates.Choice choice,
        FrequentWords frequentWords,
        List<String> fittedTo,
        List<String> lengths,
        int rounds,
        long warmUpNanos,
        int queries,
        int glosses,
        PairedBootstrap bootstrap,
        String wordsFrom,
        PrintWriter err) {
    /** @throws IllegalArgumentException if an option makes no sense for the models */
    FrontierResults run() throws IOException, OrtException, InterruptedException {
        WordNet wordNet = WordNet.load();
        err.println("opens models, and fits those rivals that are fitted");
        try (var candidates = Candidates.open(choice, frequentWords, fittedTo)) {
            List<TimedTexts> timed = new ArrayList<>();
            for (String length : lengths) {
                timed.add(TimedTexts.of(
                        length, wordNet, candidates.reference().model().files().tokenizer()));
            }
            var notes = new ArrayList<>(notes(candidates));
            Map<Candidate, Map<Metric, Score>> scores = judge(candidates, tasks(wordNet, candidates, notes));
            timed.forEach(texts -> notes.add("Length " + texts.name() + ": " + texts.what() + "."));
            Map<String, Map<Candidate, CandidateTimes.Timing>> times = time(candidates, timed);
            return results(candidates, notes, scores, times);
        }
    }

    private List<QualityTask> tasks(WordNet wordNet, Candidates candidates, List<String> notes) throws IOException {
        var reference = new OwnEmbedder(candidates.reference(), Budget.FULL);
        var tasks = new ArrayList<QualityTask>();
        SharedData data = SharedData.find();
        Optional<Path> cranfield = data.cranfield();
        if (cranfield.isPresent()) {
            tasks.add(new CranfieldSearch(cranfield.get(), reference));
        } else {
            tell(notes, "Skipped: Cranfield, which no registry has (no cranfield/ in shared/data).");
        }
        tasks.add(new GlossSearch(wordNet, queries, glosses, bootstrap.seed(), reference));
        Optional<Path> sts = data.stsbDev();
        if (sts.isPresent()) {
            tasks.add(new SentencePairs(StsPairs.read(sts.get()), reference));
        } else {
            tell(notes, "Skipped: STS-B, which no registry has (no stsb/dev.csv in shared/data).");
        }
        tasks.forEach(task -> notes.add("Quality: " + task.what() + "."));
        return tasks;
    }

    private void tell(List<String> notes, String note) {
        notes.add(note);
        err.println(note);
    }

    private Map<Candidate, Map<Metric, Score>> judge(Candidates candidates, List<QualityTask> tasks)
            throws InterruptedException {
        var scores = new HashMap<Candidate, Map<Metric, Score>>();
        for (Candidate candidate : candidates.all()) {
            err.println("judges " + candidate.name());
            var all = new EnumMap<Metric, Score>(Metric.class);
            for (QualityTask task : tasks) {
                all.putAll(task.judge(candidate.embedder()));
            }
            scores.put(candidate, all);
        }
        return scores;
    }

    private Map<String, Map<Candidate, CandidateTimes.Timing>> time(Candidates candidates, List<TimedTexts> lengths) {
        var times = new LinkedHashMap<String, Map<Candidate, CandidateTimes.Timing>>();
        List<Candidate> all = candidates.all();
        for (TimedTexts texts : lengths) {
            err.println("times " + all.size() + " candidates at length " + texts.name() + ", " + rounds + " rounds");
            List<CandidateTimes.Timing> timings =
                    CandidateTimes.of(all.stream().map(Candidate::embedder).toList(), texts, rounds, warmUpNanos);
            var byCandidate = new LinkedHashMap<Candidate, CandidateTimes.Timing>();
            for (int i = 0; i < all.size(); i++) {
                byCandidate.put(all.get(i), timings.get(i));
            }
            times.put(texts.name(), byCandidate);
        }
        return times;
    }

    private FrontierResults results(
            Candidates candidates,
            List<String> notes,
            Map<Candidate, Map<Metric, Score>> scores,
            Map<String, Map<Candidate, CandidateTimes.Timing>> times)
            throws IOException {
        var drawn = drawn(scores);
        var rows = new ArrayList<Row>();
        var comparisons = new ArrayList<Comparison>();
        var verdicts = new ArrayList<Verdict>();
        times.forEach((length, timings) -> {
            double base = timings.get(candidates.base()).p50Micros();
            timings.forEach(
                    (candidate, timing) -> rows.add(row(length, candidate, timing, base, scores.get(candidate))));
            for (Metric metric : drawn.keySet()) {
                var placed = new ArrayList<Placed>();
                timings.forEach((candidate, timing) -> placed.add(new Placed(
                        candidate,
                        new Point(
                                timing.p50Micros() / base,
                                scores.get(candidate).get(metric).value(),
                                drawn.get(metric).get(candidate)))));
                EqualTime equalTime = EqualTime.of(length, metric, candidates.base(), placed);
                comparisons.addAll(equalTime.atOurTimes());
                if (EqualTime.THRESHOLD_LENGTHS.contains(length)) {
                    EqualTime.THRESHOLD_SHARES.forEach(share -> verdicts.add(equalTime.verdict(share)));
                }
            }
        });
        var metrics = new LinkedHashMap<String, String>();
        for (Metric metric : Metric.values()) {
            if (scores.get(candidates.base()).containsKey(metric)) {
                metrics.put(metric.key(), metric.label());
            }
        }
        return new FrontierResults(
                Processor.name(),
                Runtime.version().toString(),
                candidates.base().name(),
                notes,
                metrics,
                rows,
                comparisons,
                verdicts);
    }

    /** The means of each draw of queries: for all candidates the same draws. */
    private Map<Metric, Map<Candidate, double[]>> drawn(Map<Candidate, Map<Metric, Score>> scores) {
        err.println("draws queries anew, " + bootstrap.resamples() + " times");
        var drawn = new LinkedHashMap<Metric, Map<Candidate, double[]>>();
        for (Metric metric : EqualTime.METRICS) {
            var means = new HashMap<Candidate, double[]>();
            scores.forEach((candidate, all) -> {
                if (all.containsKey(metric)) {
                    means.put(candidate, bootstrap.means(all.get(metric).each()));
                }
            });
            if (!means.isEmpty()) {
                drawn.put(metric, means);
            }
        }
        return drawn;
    }

    private static Row row(
            String length,
            Candidate candidate,
            CandidateTimes.Timing timing,
            double baseMicros,
            Map<Metric, Score> scores) {
        var quality = new LinkedHashMap<String, Measure>();
        scores.forEach((metric, score) -> quality.put(metric.key(), new Measure(score.value(), score.standardError())));
        Candidate.Series series = candidate.series();
        return new Row(
                length,
                candidate.name(),
                series.key(),
                series.label(),
                series.kind().name().toLowerCase(Locale.ROOT),
                candidate.setting(),
                series.reachesDense(),
                series.inDomain(),
                timing.tokensPerText(),
                timing.p50Micros() / baseMicros,
                timing.p50Micros(),
                timing.cpuSecondsPerThousand(),
                quality);
    }

    private List<String> notes(Candidates candidates) {
        var notes = new ArrayList<String>();
        notes.add(
                "Time: from token ids to vectors, on one thread; the tokenizer, and dropping words before it, are left out"
                        + " for all. Median of the calls of " + rounds + " interleaved rounds after "
                        + warmUpNanos / 1e9
                        + " s of warm-up each; processor time is the calling thread's. A share of 1 is "
                        + candidates.base().name() + " in the same run.");
        notes.add("Frequent words: " + frequentWords.size() + " words counted in " + wordsFrom
                + "; of each text, query or document, the most frequent are dropped before the tokenizer, after it was cut"
                + " to what the dense model reads of it.");
        for (OwnEngine engine : OwnEngine.RACING) {
            engine.refusal().ifPresent(why -> notes.add("Left out: " + engine.label() + ": " + why + "."));
        }
        if (choice.rivals().isEmpty()) {
            notes.add(
                    "No trained rival was named (--rival): the list of frequent words, fixed widths and fewer layers are"
                            + " missing in their distilled forms.");
        }
        notes.add("Early exits (a ridge regression) and trained static embeddings were fitted to float32's vectors of "
                + fittedTo.size() + " of the same texts, a tenth of them for choosing.");
        notes.add("In-domain, marked *: has seen WordNet's texts, by which it is judged too.");
        notes.add(
                "Between its settings a way is taken to be linear in time; a setting that a faster one of the same way"
                        + " beats is left out; ways that drop words or tokens go on to the dense model. Intervals: paired bootstrap"
                        + " over queries, " + bootstrap.resamples() + " draws, seed " + bootstrap.seed() + ".");
        return notes;
    }
}
