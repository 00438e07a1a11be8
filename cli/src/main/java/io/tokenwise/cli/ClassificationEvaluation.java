package io.tokenwise.cli;

import io.tokenwise.api.BackendChoice;
import io.tokenwise.api.BadFileException;
import io.tokenwise.backend.Backend;
import io.tokenwise.choice.Backends;
import io.tokenwise.classify.LinearClassifier;
import io.tokenwise.io.LineFile;
import io.tokenwise.model.TextKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Classes of texts by a linear classifier on their vectors, judged by accuracy and macro-F1.
 *
 * @param fit on whose vectors of the training texts the classifier is trained
 * @param maxTokens longer texts are cut
 * @param threads that train it
 */
record ClassificationEvaluation(LabelledTexts training, LabelledTexts test, Fit fit, int maxTokens, int threads)
        implements EvalTask {
    /** Whose vectors a classifier is trained on. */
    enum Fit {
        /** The dense model's: one classifier for all budgets, as a service has that turns its budget later. */
        DENSE("dense"),
        /** Each run's own: a classifier for each budget. */
        OWN("own");

        private final String label;

        Fit(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    /** @throws BadFileException if there is nothing to learn, or a class is tested that cannot be learnt */
    ClassificationEvaluation {
        Set<String> classes = new HashSet<>(training.labels());
        if (classes.size() < 2) {
            throw new BadFileException(
                    training.file().toString(),
                    "has the class " + training.labels().getFirst() + " only; two or more are needed");
        }
        for (int i = 0; i < test.size(); i++) {
            if (!classes.contains(test.labels().get(i))) {
                throw LineFile.bad(
                        test.file(),
                        test.lines().get(i),
                        "the class " + test.labels().get(i) + " does not occur in " + training.file());
            }
        }
    }

    @Override
    public String name() {
        return "classify";
    }

    @Override
    public String data() {
        return training.size() + " texts to learn from, " + test.size() + " to be judged by, "
                + new HashSet<>(training.labels()).size() + " classes; "
                + (fit == Fit.DENSE
                        ? "one classifier, trained on the dense model's vectors"
                        : "a classifier for each run, trained on its own vectors");
    }

    @Override
    public long inputs() {
        return test.size();
    }

    @Override
    public long preparation(EvalRuns runs) {
        return (long) training.size() * (fit == Fit.DENSE ? 1 : runs.all().size());
    }

    @Override
    public List<Json.EvalRow> rows(EvalRuns runs, Progress progress) throws IOException, InterruptedException {
        Map<EvalRun, LinearClassifier> classifiers = classifiers(runs, progress);
        var predictions = new HashMap<EvalRun, List<String>>();
        runs.all().forEach(run -> predictions.put(run, new ArrayList<>()));
        for (EvalInputs block : blocks(test.texts())) {
            runs.encode(block, progress, (run, vectors) -> {
                for (float[] vector : vectors) {
                    predictions.get(run).add(classifiers.get(run).classify(vector));
                }
            });
        }
        return EvalRows.of(runs.all(), run -> scores(test.labels(), predictions.get(run)));
    }

    private Map<EvalRun, LinearClassifier> classifiers(EvalRuns runs, Progress progress) throws InterruptedException {
        var classifiers = new HashMap<EvalRun, LinearClassifier>();
        try (Backend backend = Backends.open(BackendChoice.FLOAT32, threads)) {
            for (EvalRun run : runs.all()) {
                if (fit == Fit.DENSE && !classifiers.isEmpty()) {
                    classifiers.put(run, classifiers.get(runs.dense()));
                } else {
                    var vectors = new ArrayList<float[]>();
                    for (EvalInputs block : blocks(training.texts())) {
                        vectors.addAll(List.of(runs.prepare(run, block, progress)));
                    }
                    classifiers.put(
                            run, LinearClassifier.train(backend, vectors.toArray(float[][]::new), training.labels()));
                }
            }
        }
        return classifiers;
    }

    private List<EvalInputs> blocks(List<String> texts) {
        return IntStream.iterate(0, from -> from < texts.size(), from -> from + EvalRuns.BLOCK)
                .<EvalInputs>mapToObj(from -> new EvalInputs.Texts(
                        texts.subList(from, Math.min(texts.size(), from + EvalRuns.BLOCK)), TextKind.TEXT, maxTokens))
                .toList();
    }

    /** Accuracy, and the mean over classes, those of labels and of predictions, of the harmonic mean of precision and recall. */
    static Map<Metric, Double> scores(List<String> labels, List<String> predictions) {
        var right = new HashMap<String, Integer>();
        var labelled = new HashMap<String, Integer>();
        var predicted = new HashMap<String, Integer>();
        for (int i = 0; i < labels.size(); i++) {
            labelled.merge(labels.get(i), 1, Integer::sum);
            predicted.merge(predictions.get(i), 1, Integer::sum);
            right.merge(labels.get(i), labels.get(i).equals(predictions.get(i)) ? 1 : 0, Integer::sum);
        }
        var classes = new HashSet<>(labelled.keySet());
        classes.addAll(predicted.keySet());
        double macroF1 = classes.stream()
                .mapToDouble(name -> 2.0
                        * right.getOrDefault(name, 0)
                        / (labelled.getOrDefault(name, 0) + predicted.getOrDefault(name, 0)))
                .average()
                .orElseThrow();
        int rightInAll = right.values().stream().mapToInt(Integer::intValue).sum();
        var scores = new LinkedHashMap<Metric, Double>();
        scores.put(Metric.ACCURACY, (double) rightInAll / labels.size());
        scores.put(Metric.MACRO_F1, macroF1);
        return scores;
    }
}
