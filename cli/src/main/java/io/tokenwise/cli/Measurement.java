package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.Spent;
import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.acm.choose.LearnerObserver;
import io.tokenwise.acm.choose.Spending;
import io.tokenwise.api.Budget;
import io.tokenwise.session.OpenModel;
import java.util.List;

/** Runs a model under one budget and adds up what that costs. For one thread. */
final class Measurement {
    /** Inputs that a model runs before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 256;

    private final OpenModel model;
    private final Budget budget;
    private final boolean dense;
    private final Spending spending;

    /** How many inputs had so many tokens. */
    private final long[] inputsOfLength;

    /** Of a model whose tokens leave: what was spent, as tokens of the dense model. */
    private double denseTokensSpent;

    private long inputs;
    private long nanos;

    Measurement(OpenModel model, Budget budget) {
        this.model = model;
        this.budget = budget;
        List<AdaptiveModule> modules = model.encoder().modules();
        dense = modules.isEmpty();
        spending = new Spending(modules);
        inputsOfLength = new long[model.files().description().maxTokens() + 1];
    }

    /** A way to run inputs through the model. */
    interface Work<T> {
        /** @param observer told what adaptive modules spend; may be null */
        T run(List<int[]> sequences, LearnerObserver observer);
    }

    /** What the model gives for inputs, which run through the model in batches. */
    float[][] encode(List<int[]> sequences) throws InterruptedException {
        return measure(sequences, (some, observer) -> model.sessions().encode(some, budget, observer));
    }

    /** The same of any model: of each input a row, or a row for each token. */
    float[][][] rows(List<int[]> sequences) throws InterruptedException {
        return measure(sequences, (some, observer) -> model.sessions().rows(some, budget, observer));
    }

    /** The same in another way; the first inputs run twice. */
    <T> T measure(List<int[]> sequences, Work<T> work) throws InterruptedException {
        if (inputs == 0) {
            work.run(sequences.subList(0, Math.min(WARM_UP, sequences.size())), null);
        }
        long start = System.nanoTime();
        T result = work.run(sequences, spending);
        nanos += System.nanoTime() - start;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        inputs += sequences.size();
        sequences.forEach(this::add);
        return result;
    }

    private void add(int[] sequence) {
        int tokens = model.files().description().tokens(sequence);
        inputsOfLength[tokens]++;
        if (model.encoder().leaving().isPresent()) {
            denseTokensSpent +=
                    tokens * Spent.of(model.encoder(), sequence, budget).flops();
        }
    }

    /** What {@link #meanLearners} of a model is, as the title of a column. */
    static String learnersTitle(OpenModel model) {
        return model.encoder().leaving().isPresent() ? "tokens that stay" : "mean learners";
    }

    /** Learners that ran, mean over tokens and modules; where tokens leave, the share of those that stay; NaN for a dense model. */
    double meanLearners() {
        return dense ? Double.NaN : spending.meanLearners();
    }

    /** Share of the replaced layers' dense FLOPs that learners and gates cost; 1 for a dense model. */
    double spent() {
        if (dense) {
            return 1;
        }
        return model.encoder().leaving().isPresent() ? denseTokensSpent / tokens() : spending.share();
    }

    private long tokens() {
        long tokens = 0;
        for (int length = 1; length < inputsOfLength.length; length++) {
            tokens += inputsOfLength[length] * length;
        }
        return tokens;
    }

    /** FLOPs of the whole model, mean over tokens; a multiply-add counts as one. */
    double flopsPerToken() {
        double flops = 0;
        for (int length = 1; length < inputsOfLength.length; length++) {
            if (inputsOfLength[length] > 0) {
                flops += (double) inputsOfLength[length]
                        * length
                        * model.encoder().flopsPerToken(length, spent());
            }
        }
        return flops / tokens();
    }

    /** Time in the model. */
    double millis() {
        return nanos / 1e6;
    }

    double millisPerInput() {
        return millis() / inputs;
    }

    /** Mean cosine between two models' results for the same inputs. */
    static double meanCosine(float[][] vectors, float[][] others) {
        double sum = 0;
        for (int i = 0; i < others.length; i++) {
            sum += Embedding.cosine(vectors[i], others[i]);
        }
        return sum / others.length;
    }
}
