package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.api.BadFileException;
import io.tokenwise.bench.FrontierResults.Row;
import io.tokenwise.bench.FrontierResults.Verdict;
import io.tokenwise.distill.FrequentWords;
import io.tokenwise.io.AtomicFiles;
import io.tokenwise.io.LineFile;
import io.tokenwise.testdata.WordNet;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./tokenwise bench frontier}: quality against measured time, ours and its rivals. */
@Command(
        name = "frontier",
        header = "Quality against measured time: ours at all budgets, dense models and rivals, one thread.",
        description = {
            "Writes frontier.html, frontier.json and a picture for each metric. Each candidate is judged once (search in"
                    + " Cranfield and in WordNet, STS-B, WordNet's classes, cosine to dense) and timed at each length, all in"
                    + " turn; then ours and each rival are compared at equal time, by paired bootstrap over the queries.",
            "",
            "Candidates: ours-BUDGET, dense-ENGINE, onnxruntime-f32, onnxruntime-int8, words-KEEP (the most frequent words"
                    + " dropped, untrained), random-KEEP (random tokens dropped), exit-N (the first N layers and a"
                    + " linear map to the dense model's vectors), static (token embeddings by Model2Vec's recipe), static-trained (the"
                    + " same, trained), and those of --rival."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  ./tokenwise bench frontier                 the whole run: hours on two cores",
            "  ./tokenwise bench frontier --queries 500 --glosses 5000 --rounds 5 --lengths 128,bulk",
            "                                             the same in minutes",
            "  ./tokenwise bench frontier --rival list=student@0.7 --rival list=student@0.5 --in-domain ours,words,list",
        })
final class FrontierCommand implements Callable<Integer> {
    private static final String WORDNET = "WordNet's definitions and examples";

    @Spec
    private CommandSpec spec;

    @Mixin
    private Options.Help help;

    @Mixin
    private Options.Turns turns;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "minilm-acm",
            description = "The adaptive model, a folder or a built-in name (default: ${DEFAULT-VALUE}).")
    private String model;

    @Option(
            names = "--dense",
            paramLabel = "DIR",
            defaultValue = "minilm",
            description = "The dense model that it was made of (default: ${DEFAULT-VALUE}).")
    private String dense;

    @Option(
            names = "--engine",
            paramLabel = "NAME",
            converter = Options.EngineConverter.class,
            description = "In which ours and rivals run, as onednn-s8 (default: the last of vector-f32, onednn-bf16 and"
                    + " onednn-s8 that this machine can run).")
    private OwnEngine engine;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "tokenwise-frontier",
            description = "Where the page, the pictures and the JSON go (default: ${DEFAULT-VALUE}).")
    private Path out;

    @Option(
            names = "--lengths",
            paramLabel = "N",
            split = ",",
            defaultValue = "16,32,64,128,256,bulk",
            description =
                    "Tokens of the texts that are timed, and bulk for 64 mixed texts (default: ${DEFAULT-VALUE}).")
    private List<String> lengths;

    private int glosses;
    private List<NamedRival> rivals = List.of();

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            split = ",",
            defaultValue = "",
            description =
                    "Candidates whose name contains one of these texts, as ours,words (default: all). The dense model"
                            + " of --engine is always there.")
    private List<String> only;

    @Option(
            names = "--words",
            paramLabel = "FILE",
            description =
                    "The text, a line each, in which the frequency of words is counted and to 6,000 lines of which exit-N and static-trained are fitted, best that of training (default:"
                            + " WordNet's definitions and examples).")
    private Path words;

    @Option(
            names = "--in-domain",
            paramLabel = "NAME",
            split = ",",
            description =
                    "Curves that have seen WordNet, to be marked (default: ours; words, exit and static-trained too without --words).")
    private List<String> inDomain;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the queries that are drawn and of the bootstrap (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--budgets",
            paramLabel = "0..1",
            split = ",",
            converter = Options.BudgetConverter.class,
            defaultValue = "0.35,0.5,0.7,0.85,1",
            description = "Budgets of the adaptive model (default: ${DEFAULT-VALUE}).")
    private List<Double> budgets;

    @Option(
            names = "--queries",
            paramLabel = "N",
            converter = Options.CountConverter.class,
            defaultValue = "2147483647",
            description =
                    "WordNet's examples that look for their definitions, at most, drawn by the seed (default: all).")
    private int queries;

    @Option(
            names = "--glosses",
            paramLabel = "N",
            defaultValue = "2147483647",
            description =
                    "Definitions among which they look, at most; those looked for are always there (default: all).")
    void setGlosses(int count) {
        Options.check(
                spec, count >= 100, "--glosses must be 100 or more, not " + count + ": some are for the classifier");
        glosses = count;
    }

    @Option(
            names = "--rival",
            paramLabel = "NAME=DIR[@KEEP]",
            description =
                    "A model that was trained as a rival: a model's folder, and the share of the words that it is given, if"
                            + " not all. Can be given again; those of one NAME are one curve.")
    void setRivals(List<String> texts) {
        try {
            rivals = texts.stream().map(NamedRival::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
    }

    @Override
    public Integer call() throws IOException, OrtException, InterruptedException {
        // Before hours of work, not after them.
        Files.createDirectories(out);
        List<String> texts = words == null ? wordNet() : lines(words);
        var run = new Frontier(
                new Candidates.Choice(
                        model,
                        dense,
                        engine(),
                        budgets,
                        rivals,
                        inDomain(),
                        name -> only.stream().anyMatch(name::contains)),
                FrequentWords.of(texts),
                TeacherVectors.draw(texts, seed),
                lengths,
                turns.rounds(),
                turns.warmUpNanos(),
                queries,
                glosses,
                new PairedBootstrap(10_000, seed),
                words == null ? WORDNET : words.toString(),
                spec.commandLine().getErr());
        FrontierResults results = run.run();
        write(results);
        print(results, spec.commandLine().getOut());
        return 0;
    }

    private OwnEngine engine() {
        return engine != null
                ? engine
                : OwnEngine.unasked().reversed().stream()
                        .filter(one -> one.refusal().isEmpty())
                        .findFirst()
                        .orElseThrow();
    }

    private List<String> inDomain() {
        if (inDomain != null) {
            return inDomain;
        }
        return words == null
                ? List.of(Candidates.OURS, Candidates.WORDS, Candidates.EXIT, Candidates.STATIC_TRAINED)
                : List.of(Candidates.OURS);
    }

    private static List<String> wordNet() throws IOException {
        var texts = new ArrayList<String>();
        WordNet wordNet = WordNet.load();
        texts.addAll(wordNet.glosses());
        texts.addAll(wordNet.examples());
        return texts;
    }

    private static List<String> lines(Path file) throws IOException {
        var texts = new ArrayList<String>();
        try (var lines = new LineFile(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                texts.add(line);
            }
        }
        if (texts.isEmpty()) {
            throw new BadFileException(file.toString(), "is empty; expected a text a line");
        }
        return texts;
    }

    private void write(FrontierResults results) throws IOException {
        AtomicFiles.write(out.resolve("frontier.json"), results.asJson());
        AtomicFiles.write(out.resolve("frontier.html"), FrontierPage.of(results));
        for (Metric metric : FrontierPage.DRAWN) {
            if (results.metrics().containsKey(metric.key())) {
                new FrontierPicture(results, metric.key()).writePng(out.resolve(metric.key() + ".png"));
            }
        }
    }

    private void print(FrontierResults results, PrintWriter to) {
        Function<Verdict, String> holds =
                verdict -> verdict.holds() == null ? "not judged" : verdict.holds() ? "holds" : "does not hold";
        for (String length : results.lengths()) {
            to.printf(
                    "%n%-24s %10s %8s %10s  %s%n",
                    length,
                    "p50 us",
                    "time",
                    "CPU s/1k",
                    quality(results.metrics().keySet()));
            for (Row row : results.of(length)) {
                to.printf(
                        Locale.ROOT,
                        "%-24s %10.0f %8.3f %10.3f  %s%n",
                        row.name(),
                        row.p50Micros(),
                        row.timeShare(),
                        row.cpuSecondsPerThousand(),
                        results.metrics().keySet().stream()
                                .map(metric -> row.quality().containsKey(metric)
                                        ? String.format(
                                                Locale.ROOT,
                                                "%16.4f",
                                                row.quality().get(metric).value())
                                        : " ".repeat(16))
                                .collect(Collectors.joining(" ")));
            }
        }
        to.println();
        results.verdicts()
                .forEach(verdict -> to.printf(
                        Locale.ROOT,
                        "%s, %.2f of dense time, %s: %s: %s%n",
                        verdict.length(),
                        verdict.timeShare(),
                        results.metrics().get(verdict.metric()),
                        holds.apply(verdict),
                        verdict.sentence()));
        to.println(out.resolve("frontier.html"));
        to.flush();
    }

    private static String quality(Set<String> metrics) {
        return metrics.stream().map(metric -> String.format("%16s", metric)).collect(Collectors.joining(" "));
    }
}
