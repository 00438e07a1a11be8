package io.tokenwise.bench;

import ai.onnxruntime.OrtException;
import io.tokenwise.model.ModelFiles;
import io.tokenwise.model.open.Models;
import io.tokenwise.references.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** All contenders of a run, opened with a number of threads each. */
final class Lineup implements AutoCloseable {
    private final Opened opened = new Opened();
    private final List<Contender> contenders = new ArrayList<>();
    private final Choice choice;

    /**
     * Who takes part.
     *
     * @param threads that compute in each engine, the caller among them
     * @param budgets of the adaptive model
     * @param adaptive where it is; without one, MiniLM with untrained learners of static width
     * @param wanted by a contender's name
     */
    record Choice(int threads, List<Double> budgets, Optional<Path> adaptive, Predicate<String> wanted) {
        boolean wantsAdaptive(OwnEngine engine) {
            return budgets.stream().anyMatch(budget -> wanted.test(OwnModel.adaptiveName(engine, budget)));
        }
    }

    private Lineup(Choice choice) {
        this.choice = choice;
    }

    /** Opens the engines of all wanted contenders. */
    static Lineup open(Choice choice) throws IOException, OrtException {
        var lineup = new Lineup(choice);
        try {
            lineup.openOrt();
            lineup.openTorch();
            List<OwnEngine> engines = OwnEngine.RACING.stream()
                    .filter(engine -> engine.refusal().isEmpty())
                    .toList();
            for (OwnEngine engine : engines) {
                lineup.openDense(engine);
            }
            for (OwnEngine engine : engines) {
                lineup.openAdaptive(engine);
            }
            return lineup;
        } catch (Throwable e) {
            lineup.close();
            throw e;
        }
    }

    private void openOrt() throws IOException, OrtException {
        for (String precision : List.of("f32", "int8")) {
            if (choice.wanted.test("onnxruntime-" + precision)
                    || choice.wanted.test("onnxruntime-" + precision + "-arrival")) {
                OrtModel model = opened.add(OrtModel.miniLm(precision, choice.threads));
                add(model.sorted());
                add(model.arrival());
            }
        }
    }

    private void openTorch() throws IOException {
        if (TorchScript.isAvailable() && choice.wanted.test("libtorch-f32")) {
            add(opened.add(new TorchModel(choice.threads)).contender());
        }
    }

    private void openDense(OwnEngine engine) throws IOException {
        if (choice.wanted.test(OwnModel.denseName(engine))) {
            add(opened.add(OwnModel.dense(engine, choice.threads)).dense());
        }
    }

    private void openAdaptive(OwnEngine engine) throws IOException {
        if (!choice.wantsAdaptive(engine)) {
            return;
        }
        OwnModel model = opened.add(
                choice.adaptive.isPresent()
                        ? OwnModel.adaptive(choice.adaptive.get(), engine, choice.threads)
                        : OwnModel.untrained(engine, choice.threads, sample()));
        for (double budget : choice.budgets) {
            add(choice.adaptive.isPresent() ? model.routed(budget) : model.fixed(budget));
        }
    }

    private static List<int[]> sample() throws IOException {
        try (ModelFiles minilm = Models.builtIn("minilm")) {
            return Scenario.sample(minilm.tokenizer());
        }
    }

    private void add(Contender contender) {
        if (choice.wanted.test(contender.name())) {
            contenders.add(contender);
        }
    }

    /** Those who run a scenario. */
    List<Contender> of(Scenario scenario) {
        boolean lists = scenario.textsPerCall() > 1;
        return contenders.stream()
                .filter(contender -> lists || !contender.onlyLists())
                .toList();
    }

    /** All, uses of an engine that differ for lists only left out. */
    List<Contender> engines() {
        return contenders.stream().filter(contender -> !contender.onlyLists()).toList();
    }

    @Override
    public void close() {
        opened.close();
    }
}
