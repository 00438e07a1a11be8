package io.tokenwise.bench;

import io.tokenwise.Spent;
import io.tokenwise.acm.block.AdaptiveLayers;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.acm.leave.LeastWorth;
import io.tokenwise.acm.leave.Leaving;
import io.tokenwise.acm.leave.StayGate;
import io.tokenwise.acm.make.Acmizer;
import io.tokenwise.api.Budget;
import io.tokenwise.api.EngineOptions;
import io.tokenwise.autograd.Parameter;
import io.tokenwise.backend.Backend;
import io.tokenwise.distill.Calibrator;
import io.tokenwise.distill.DistillRun;
import io.tokenwise.model.Encoder;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.NewEncoder;
import io.tokenwise.model.open.Models;
import io.tokenwise.session.Sessions;
import io.tokenwise.tensor.HostTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.stream.Stream;

/** A model in our own engine, below the tokenizer. Thread-safe. */
final class OwnModel implements AutoCloseable {
    /** As many as the demo's model has. */
    private static final int LEARNERS = 4;

    private final OwnEngine engine;
    private final Backend backend;
    private final Encoder encoder;
    private final Sessions sessions;

    private OwnModel(ModelFiles files, OwnEngine engine, int threads) {
        this(files, engine, threads, Encoder::load);
    }

    private OwnModel(
            ModelFiles files, OwnEngine engine, int threads, BiFunction<ModelFiles, Backend, Encoder> loading) {
        this.engine = engine;
        backend = engine.open(threads);
        try (files) {
            encoder = loading.apply(files, backend);
        }
        EngineOptions options = EngineOptions.defaults();
        sessions = new Sessions(encoder, backend, options.batchTokens(), options.concurrentCalls());
    }

    /** MiniLM as it is. */
    static OwnModel dense(OwnEngine engine, int threads) throws IOException {
        return new OwnModel(Models.builtIn("minilm"), engine, threads);
    }

    /** A model in a folder, as it is. */
    static OwnModel dense(Path directory, OwnEngine engine, int threads) throws IOException {
        return new OwnModel(Models.open(directory), engine, threads);
    }

    /** The same with learners of MLPs and of V and O, and gates that choose at random; what they choose on average is calibrated on the sample. */
    static OwnModel withLearners(Path directory, OwnEngine engine, int threads, List<int[]> sample) throws IOException {
        OwnModel model = dense(directory, engine, threads);
        Encoder encoder = model.encoder;
        Acmizer.replace(
                encoder.parameters(),
                encoder.slots(),
                AdaptiveLayers.parse("mlp,vo", LEARNERS).withMlpLearners(1),
                () -> model.encode(sample, Budget.FULL));
        VitBench.randomizeGates(encoder);
        encoder.prepare(model.backend.stream());
        Calibrator.calibrate(
                encoder.acms(), model.sessions, sample, encoder.description(), new DistillRun.Listener() {});
        return model;
    }

    /** The same with tokens that leave, chosen at random, and layers that get narrow. Short texts look up what tokens are worth, as in a trained model. */
    static OwnModel leaving(Path directory, OwnEngine engine, int threads, List<int[]> sample) throws IOException {
        return new OwnModel(Models.open(directory), engine, threads, (files, backend) -> {
            var random = new SplittableRandom(3);
            Encoder leaving = NewEncoder.withShortPath(
                    files, backend, encoder -> VitBench.encodeWhole(encoder, backend, sample), random);
            fillTable(leaving.leaving().orElseThrow(), random);
            leaving.prepare(backend.stream());
            return leaving;
        });
    }

    /** With values from 0 to 1, all alike often. */
    private static void fillTable(Leaving leaving, SplittableRandom random) {
        Parameter table = leaving.gate().table();
        try (HostTensor values = table.write()) {
            for (int token = 0; token < values.columns(); token++) {
                values.set(0, token, random.nextFloat());
            }
        }
        table.changed();
        var shares = new ArrayList<Double>();
        var worths = new ArrayList<Double>();
        for (int twentieth = 4; twentieth < 20; twentieth++) {
            double share = twentieth / 20.0;
            shares.add(share);
            // Two of 16 tokens stay anyway.
            worths.add(1 - (16 * share - 2) / 14);
        }
        leaving.useTable(new LeastWorth(StayGate.TABLE_TOKENS, shares, worths));
    }

    /** MiniLM with learners cut from its own units by how they behave on the sample, and gates that know nothing. */
    static OwnModel untrained(OwnEngine engine, int threads, List<int[]> sample) throws IOException {
        OwnModel model = dense(engine, threads);
        Encoder encoder = model.encoder;
        Acmizer.replace(
                encoder.parameters(),
                encoder.slots(),
                AdaptiveLayers.mlps(LEARNERS),
                () -> model.encode(sample, Budget.FULL));
        encoder.prepare(model.backend.stream());
        return model;
    }

    /** A saved adaptive model of MiniLM's sizes. */
    static OwnModel adaptive(Path directory, OwnEngine engine, int threads) throws IOException {
        OwnModel model = new OwnModel(Models.open(directory), engine, threads);
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            if (!model.encoder.isAdaptive()) {
                throw new IllegalArgumentException(
                        directory + ": is not adaptive; name a model that demo or distill has made");
            }
            if (!model.encoder
                    .description()
                    .architecture()
                    .equals(minilm.description().architecture())) {
                throw new IllegalArgumentException(
                        directory + ": has other sizes than minilm, which it would be compared with");
            }
            return model;
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    /** The model directory within a folder, or the folder itself, whose config.json was written last. */
    static Optional<Path> newest(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return files.filter(file -> file.endsWith("config.json"))
                    .map(Path::getParent)
                    .filter(directory -> Files.exists(directory.resolve("model.safetensors")))
                    .max(Comparator.comparing(directory ->
                            directory.resolve("config.json").toFile().lastModified()));
        }
    }

    float[][] encode(List<int[]> texts, Budget budget) {
        return sessions.encode(texts, budget, null);
    }

    static String denseName(OwnEngine engine) {
        return "dense-" + engine.name();
    }

    static String adaptiveName(OwnEngine engine, double budget) {
        return "acm-" + engine.name() + "-" + budget;
    }

    /** The dense model as a contender. */
    Contender dense() {
        return contender(denseName(engine), "dense", Budget.FULL, engine.isFloat32());
    }

    /** The adaptive model at a budget, routed by its gates. */
    Contender routed(double budget) {
        return contender(adaptiveName(engine, budget), "acm", encoder.budget(budget), false);
    }

    /** The untrained model at a budget, the same for every token. */
    Contender fixed(double budget) {
        boolean exact = engine.isFloat32() && budget == 1;
        return contender(adaptiveName(engine, budget), "acm (untrained)", Budget.fixed(budget), exact);
    }

    private Contender contender(String name, String label, Budget budget, boolean exact) {
        return new Contender(
                name,
                label + " " + engine.label(),
                "tokenwise",
                encoder.isAdaptive() ? "acm" : "dense",
                budget.share(),
                backend.name(),
                engine.precision().label(),
                exact,
                false,
                scenario -> spent(scenario, budget),
                () -> texts -> encode(texts, budget));
    }

    private double spent(Scenario scenario, Budget budget) {
        if (!encoder.isAdaptive()) {
            return 1;
        }
        if (encoder.leaving().isPresent()) {
            return Spent.flops(
                    encoder, scenario.calls().stream().flatMap(List::stream).toList(), budget);
        }
        var spending = new Spending(encoder.modules());
        scenario.calls().forEach(texts -> sessions.encode(texts, budget, spending));
        return spending.share();
    }

    @Override
    public void close() {
        sessions.close();
        encoder.close();
        backend.close();
    }
}
