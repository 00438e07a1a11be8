package io.tokenwise.cli;

import io.tokenwise.Embedding;
import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Acm;
import io.tokenwise.acm.Spending;
import io.tokenwise.nn.Budget;
import java.util.List;

/** Runs a model under one budget and adds up what that costs. For one thread. */
final class Measurement {
    /** Texts that a model runs before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 256;

    private final TextEncoder model;
    private final Budget budget;
    private final boolean dense;
    private final Spending spending;

    /** How many texts had so many tokens. */
    private final long[] textsOfLength;

    private long texts;
    private long nanos;

    Measurement(TextEncoder model, Budget budget) {
        this.model = model;
        this.budget = budget;
        List<Acm> modules = model.encoder().acms();
        dense = modules.isEmpty();
        spending = new Spending(modules);
        textsOfLength = new long[model.tokenizer().maxTokens() + 1];
    }

    /** The vectors of token sequences, which run through the model in batches. */
    float[][] encode(List<int[]> sequences) throws InterruptedException {
        if (texts == 0) {
            model.sessions().encode(sequences.subList(0, Math.min(WARM_UP, sequences.size())), budget, null);
        }
        long start = System.nanoTime();
        float[][] vectors = model.sessions().encode(sequences, budget, spending);
        nanos += System.nanoTime() - start;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        texts += sequences.size();
        sequences.forEach(sequence -> textsOfLength[sequence.length]++);
        return vectors;
    }

    /** Learners that ran, mean over tokens and modules; NaN for a dense model. */
    double meanLearners() {
        return dense ? Double.NaN : spending.meanLearners();
    }

    /** Share of the replaced layers' dense FLOPs that learners and gates cost; 1 for a dense model. */
    double spent() {
        return dense ? 1 : spending.share();
    }

    /** FLOPs of the whole model, mean over tokens; a multiply-add counts as one. */
    double flopsPerToken() {
        double flops = 0;
        long tokens = 0;
        for (int length = 1; length < textsOfLength.length; length++) {
            if (textsOfLength[length] > 0) {
                flops += (double) textsOfLength[length]
                        * length
                        * model.encoder().flopsPerToken(length, spent());
                tokens += textsOfLength[length] * length;
            }
        }
        return flops / tokens;
    }

    /** Time in the model. */
    double millis() {
        return nanos / 1e6;
    }

    double millisPerText() {
        return millis() / texts;
    }

    /** Mean cosine between two models' vectors of the same texts. */
    static double meanCosine(float[][] vectors, float[][] others) {
        double sum = 0;
        for (int i = 0; i < others.length; i++) {
            sum += Embedding.cosine(vectors[i], others[i]);
        }
        return sum / others.length;
    }
}
