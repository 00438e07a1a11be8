package io.tokenwise.autograd;

/** Losses of a result on the host; those of tensors, with their gradients, are operations of a stream. */
public final class Losses {
    private Losses() {}

    /** The divergence of {@code softmax(logits)} from {@code softmax(target)}. */
    public static double divergence(float[] logits, float[] target) {
        double logTotal = logSum(logits);
        double targetLogTotal = logSum(target);
        double divergence = 0;
        for (int column = 0; column < logits.length; column++) {
            double wanted = target[column] - targetLogTotal;
            divergence += Math.exp(wanted) * (wanted - (logits[column] - logTotal));
        }
        return divergence;
    }

    private static double logSum(float[] logits) {
        double largest = Double.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit - largest);
        }
        return Math.log(total) + largest;
    }
}
