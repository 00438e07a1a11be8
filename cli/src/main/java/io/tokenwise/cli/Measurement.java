package io.tokenwise.cli;

import io.tokenwise.TextEncoder;
import io.tokenwise.acm.Acm;
import io.tokenwise.acm.Spending;
import io.tokenwise.nn.Budget;
import java.util.List;

/**
 * What a model gave and cost over some texts under one budget.
 *
 * @param vectors one a text
 * @param meanLearners learners that ran, mean over tokens and modules; NaN for a dense model
 * @param spent share of the replaced layers' dense FLOPs that learners and gates cost; 1 for a dense model
 * @param flopsPerToken of the whole model, mean over tokens; a multiply-add counts as one
 * @param millisPerText with the texts in batches
 */
record Measurement(float[][] vectors, double meanLearners, double spent, double flopsPerToken, double millisPerText) {
    /** Texts that a model runs before it is timed, for the JVM to compile its code. */
    private static final int WARM_UP = 256;

    /** Runs the model over token sequences. */
    static Measurement of(TextEncoder model, List<int[]> texts, Budget budget) throws InterruptedException {
        List<Acm> modules = model.encoder().acms();
        var spending = new Spending(modules, budget);
        model.sessions().encode(texts.subList(0, Math.min(WARM_UP, texts.size())), budget, null);
        long start = System.nanoTime();
        float[][] vectors = model.sessions().encode(texts, budget, spending);
        double millis = (System.nanoTime() - start) / 1e6;
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
        boolean dense = modules.isEmpty();
        double spent = dense ? 1 : spending.share();
        return new Measurement(
                vectors,
                dense ? Double.NaN : spending.meanLearners(),
                spent,
                flopsPerToken(model, texts, spent),
                millis / texts.size());
    }

    private static double flopsPerToken(TextEncoder model, List<int[]> texts, double spent) {
        double flops = 0;
        long tokens = 0;
        for (int[] text : texts) {
            flops += text.length * model.encoder().flopsPerToken(text.length, spent);
            tokens += text.length;
        }
        return flops / tokens;
    }

    /** Mean cosine between the vectors and another model's of the same texts. */
    double meanCosine(float[][] others) {
        double sum = 0;
        for (int i = 0; i < others.length; i++) {
            sum += cosine(vectors[i], others[i]);
        }
        return sum / others.length;
    }

    static double cosine(float[] a, float[] b) {
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += (double) a[i] * b[i];
            aa += (double) a[i] * a[i];
            bb += (double) b[i] * b[i];
        }
        return ab / Math.sqrt(aa * bb);
    }
}
