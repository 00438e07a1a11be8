package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.TextEncoder;
import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.bench.Candidate.Kind;
import io.tokenwise.bench.Candidate.Series;
import io.tokenwise.distill.FrequentWords;
import io.tokenwise.model.open.Models;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Predicate;

/** Everything on the equal-time chart, each opened for one thread. The dense model in the engine that all are compared in is always among them. */
final class Candidates implements AutoCloseable {
    static final String OURS = "ours";
    static final String WORDS = "words";
    static final String EXIT = "exit";
    static final String STATIC_TRAINED = "static-trained";

    /** What the shipped MiniLM of ONNX Runtime is. */
    private static final String MINILM = "minilm";

    private static final List<Double> KEEPS = List.of(0.85, 0.7, 0.5, 0.35);
    private static final long RANDOM_SEED = 1;
    private static final long TRAINING_SEED = 1;

    private final Opened opened = new Opened();
    private final List<Candidate> all = new ArrayList<>();
    private final Map<String, TextEncoder> encoders = new HashMap<>();
    private final Choice choice;
    private final TextEncoder dense;
    private final TextEncoder reference;

    /** Null until a rival is fitted to it. */
    private TeacherVectors teacher;

    /**
     * Who takes part.
     *
     * @param model the adaptive model, a folder or a built-in name
     * @param denseModel the dense one that it was made of
     * @param engine in which ours and rivals run
     * @param budgets of the adaptive model
     * @param rivals that somebody has trained
     * @param inDomain keys of the series that have seen WordNet
     * @param wanted by a candidate's name
     */
    record Choice(
            String model,
            String denseModel,
            OwnEngine engine,
            List<Double> budgets,
            List<NamedRival> rivals,
            List<String> inDomain,
            Predicate<String> wanted) {
        private Series series(String key, String label, Kind kind, boolean reachesDense) {
            return new Series(key, label, kind, reachesDense, inDomain.contains(key));
        }
    }

    private Candidates(Choice choice) throws IOException {
        this.choice = choice;
        try {
            dense = encoder(choice.denseModel, choice.engine);
            reference = encoder(choice.denseModel, OwnEngine.VECTOR_F32);
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /**
     * Opens all that are wanted, and fits those that are fitted, which takes minutes.
     *
     * @param fittedTo texts, some thousands
     * @throws IllegalArgumentException if the adaptive model is not adaptive, or reads other tokens than the dense one
     */
    static Candidates open(Choice choice, FrequentWords frequentWords, List<String> fittedTo)
            throws IOException, OrtException {
        var candidates = new Candidates(choice);
        try {
            candidates.addOurs();
            candidates.addDense();
            candidates.addOnnxRuntime();
            candidates.addDropped(frequentWords);
            candidates.addExits(fittedTo);
            candidates.addStatic(fittedTo);
            candidates.addRivals(frequentWords);
            return candidates;
        } catch (Throwable e) {
            candidates.close();
            throw e;
        }
    }

    private void addOurs() throws IOException {
        Series series = choice.series(OURS, "ours, " + choice.model + " " + choice.engine.label(), Kind.OURS, false);
        for (double budget : choice.budgets) {
            if (!choice.wanted.test(OURS + "-" + budget)) {
                continue;
            }
            TextEncoder encoder = encoder(choice.model, choice.engine);
            if (!encoder.isAdaptive()) {
                throw new IllegalArgumentException("--model " + choice.model + " is not adaptive; name a model that"
                        + " distill has made, or minilm-acm");
            }
            add(
                    series,
                    "" + budget,
                    new OwnEmbedder(encoder, encoder.model().encoder().budget(budget)));
        }
    }

    private void addDense() throws IOException {
        for (OwnEngine engine : OwnEngine.RACING) {
            String key = "dense-" + engine.name();
            boolean isBase = engine.equals(choice.engine);
            if (engine.refusal().isEmpty() && (isBase || choice.wanted.test(key))) {
                Series series = choice.series(key, "dense, " + engine.label(), Kind.DENSE, false);
                all.add(new Candidate(series, "", whole(encoder(choice.denseModel, engine))));
            }
        }
    }

    private void addOnnxRuntime() throws IOException, OrtException {
        for (String precision : List.of("f32", "int8")) {
            String key = "onnxruntime-" + precision;
            if (choice.denseModel.equals(MINILM) && choice.wanted.test(key)) {
                var model = OrtModel.miniLm(precision, 1);
                opened.add(model);
                add(
                        choice.series(key, "dense, ONNX Runtime " + precision, Kind.RIVAL, false),
                        "",
                        new OrtEmbedder(
                                dense.model().files().text(),
                                dense.model().files().tokenizer(),
                                model.sorted().callers().get()));
            }
        }
    }

    private void addDropped(FrequentWords frequentWords) {
        Series words = choice.series(WORDS, "frequent words dropped, untrained", Kind.RIVAL, true);
        Series random = choice.series("random", "random tokens dropped, untrained", Kind.RIVAL, true);
        for (double keep : KEEPS) {
            add(
                    words,
                    "" + keep,
                    new WordsDropped(whole(dense), dense.model().files().tokenizer(), frequentWords, keep));
        }
        for (double keep : KEEPS) {
            add(random, "" + keep, new RandomTokensDropped(whole(dense), keep, RANDOM_SEED));
        }
    }

    private void addExits(List<String> texts) throws IOException {
        Series series = choice.series(EXIT, "early exit with a trained linear map", Kind.RIVAL, true);
        for (int layers = 1;
                layers < dense.model().files().text().architecture().layers();
                layers++) {
            if (choice.wanted.test(series.key() + "-" + layers)) {
                add(series, "" + layers, EarlyExit.fitted(whole(firstLayers(layers)), teacher(texts)));
            }
        }
    }

    private void addStatic(List<String> texts) {
        Series untrained = choice.series("static", "static token embeddings (Model2Vec)", Kind.RIVAL, false);
        Series trained = choice.series(STATIC_TRAINED, "static token embeddings, trained", Kind.RIVAL, false);
        boolean wantsTrained = choice.wanted.test(trained.key());
        if (wantsTrained || choice.wanted.test(untrained.key())) {
            StaticEmbeddings table = StaticEmbeddings.of(reference);
            add(untrained, "", table);
            if (wantsTrained) {
                add(trained, "", table.trained(teacher(texts), TRAINING_SEED));
            }
        }
    }

    private TeacherVectors teacher(List<String> texts) {
        if (teacher == null) {
            teacher = TeacherVectors.of(whole(reference), texts);
        }
        return teacher;
    }

    private TextEncoder firstLayers(int layers) throws IOException {
        return opened.add(TextEncoder.open(Models.open(choice.denseModel).firstLayers(layers), options(choice.engine)));
    }

    private void addRivals(FrequentWords frequentWords) throws IOException {
        for (int i = 0; i < choice.rivals.size(); i++) {
            NamedRival rival = choice.rivals.get(i);
            String name = rival.name();
            List<NamedRival> curve = choice.rivals.stream()
                    .filter(other -> other.name().equals(name))
                    .toList();
            String number = "" + (curve.indexOf(rival) + 1);
            OptionalDouble keep = rival.keep();
            String setting = keep.isPresent() ? "" + keep.getAsDouble() : curve.size() > 1 ? number : "";
            boolean reachesDense = curve.stream().allMatch(other -> other.keep().isPresent());
            Series series = choice.series(name, name, Kind.RIVAL, reachesDense);
            if (choice.wanted.test(new Candidate(series, setting, null).name())) {
                TextEncoder encoder = encoder(rival.model(), choice.engine);
                Embedder model = whole(encoder);
                add(
                        series,
                        setting,
                        keep.isPresent()
                                ? new WordsDropped(
                                        model, encoder.model().files().tokenizer(), frequentWords, keep.getAsDouble())
                                : model);
            }
        }
    }

    private static Embedder whole(TextEncoder encoder) {
        return new OwnEmbedder(encoder, Budget.FULL);
    }

    private void add(Series series, String setting, Embedder embedder) {
        var candidate = new Candidate(series, setting, embedder);
        if (choice.wanted.test(candidate.name())) {
            all.add(candidate);
        }
    }

    /** One for each model and engine, however many candidates it serves. */
    private TextEncoder encoder(String model, OwnEngine engine) throws IOException {
        String key = model + " " + engine.name();
        TextEncoder known = encoders.get(key);
        if (known == null) {
            known = TextEncoder.open(model, options(engine));
            opened.add(known);
            encoders.put(key, known);
        }
        return known;
    }

    private static EngineOptions options(OwnEngine engine) {
        return EngineOptions.defaults()
                .withThreads(1)
                .withConcurrentCalls(1)
                .withBackend(new BackendChoice(engine.kind(), engine.precision()));
    }

    List<Candidate> all() {
        return List.copyOf(all);
    }

    /** The dense model that times are shares of. */
    Candidate base() {
        return all.stream()
                .filter(candidate -> candidate.name().equals("dense-" + choice.engine.name()))
                .findFirst()
                .orElseThrow();
    }

    /** The dense model in float32, to whose vectors others are compared. */
    TextEncoder reference() {
        return reference;
    }

    @Override
    public void close() {
        opened.close();
    }
}
