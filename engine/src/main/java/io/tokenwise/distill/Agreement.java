package io.tokenwise.distill;

import io.tokenwise.Classification;
import io.tokenwise.Embedding;
import io.tokenwise.model.ModelDescription;
import io.tokenwise.model.Objective;

/** How alike are what a model gives and what its teacher gives for the same inputs: of each a row, or a row for each token. */
public final class Agreement {
    private Agreement() {}

    /** What {@link #of} is called: {@code cosine} or {@code correlation}. */
    public static String name(ModelDescription model) {
        return isScore(model) ? "correlation" : "cosine";
    }

    /** What {@link #kept} is the share of. */
    public static String keptName(ModelDescription model) {
        return isScore(model) ? "same order" : severalClasses(model) ? "same classes" : "same class";
    }

    /**
     * The mean cosine of the rows. A score, of which a row has one number, has no direction: it is the correlation over all inputs (Pearson), which is 0 where all scores are alike.
     *
     * @param found what the model gives
     * @param wanted what the teacher gives, of the same shape
     * @throws IllegalArgumentException if it is of more or fewer inputs
     */
    public static double of(ModelDescription model, float[][][] found, float[][][] wanted) {
        checkLengths(found, wanted);
        if (isScore(model)) {
            return correlation(found, wanted);
        }
        double sum = 0;
        long rows = 0;
        for (int i = 0; i < found.length; i++) {
            for (int row = 0; row < found[i].length; row++) {
                sum += Embedding.cosine(found[i][row], wanted[i][row]);
                rows++;
            }
        }
        return sum / rows;
    }

    /**
     * What users see of it: the share of the inputs or tokens that are given the same class or classes, of scores that of any two inputs that stand in the same order.
     *
     * @param found what the model gives
     * @param wanted what the teacher gives, of the same shape
     * @throws IllegalArgumentException if it is of more or fewer inputs
     */
    public static double kept(ModelDescription model, float[][][] found, float[][][] wanted) {
        checkLengths(found, wanted);
        if (isScore(model)) {
            return sameOrder(found, wanted);
        }
        boolean several = severalClasses(model);
        long same = 0;
        long rows = 0;
        for (int i = 0; i < found.length; i++) {
            for (int row = 0; row < found[i].length; row++) {
                same += sameClass(found[i][row], wanted[i][row], several) ? 1 : 0;
                rows++;
            }
        }
        return (double) same / rows;
    }

    private static void checkLengths(float[][][] found, float[][][] wanted) {
        if (found.length != wanted.length) {
            throw new IllegalArgumentException("the model gives results of " + found.length + " inputs, the teacher of "
                    + wanted.length + ": must be of the same");
        }
    }

    private static boolean sameClass(float[] found, float[] wanted, boolean several) {
        if (!several) {
            return Classification.likeliest(found) == Classification.likeliest(wanted);
        }
        for (int c = 0; c < found.length; c++) {
            if (found[c] > 0 != wanted[c] > 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isScore(ModelDescription model) {
        return model.objective() == Objective.SCORES && model.outputs() == 1;
    }

    private static boolean severalClasses(ModelDescription model) {
        return model.objective() == Objective.SCORES && model.outputs() > 1;
    }

    private static double correlation(float[][][] found, float[][][] wanted) {
        double meanFound = mean(found);
        double meanWanted = mean(wanted);
        double both = 0;
        double ofFound = 0;
        double ofWanted = 0;
        for (int i = 0; i < found.length; i++) {
            double a = found[i][0][0] - meanFound;
            double b = wanted[i][0][0] - meanWanted;
            both += a * b;
            ofFound += a * a;
            ofWanted += b * b;
        }
        return ofFound == 0 || ofWanted == 0 ? 0 : both / Math.sqrt(ofFound * ofWanted);
    }

    private static double mean(float[][][] scores) {
        double sum = 0;
        for (float[][] score : scores) {
            sum += score[0][0];
        }
        return sum / scores.length;
    }

    /** Of two that the teacher gives different scores; NaN if there are none. */
    private static double sameOrder(float[][][] found, float[][][] wanted) {
        long same = 0;
        long pairs = 0;
        for (int i = 0; i < found.length; i++) {
            for (int k = 0; k < i; k++) {
                float order = Math.signum(wanted[i][0][0] - wanted[k][0][0]);
                pairs += order == 0 ? 0 : 1;
                same += order != 0 && order == Math.signum(found[i][0][0] - found[k][0][0]) ? 1 : 0;
            }
        }
        return (double) same / pairs;
    }
}
