package io.tokenwise.classify;

import java.util.ArrayList;
import java.util.List;

/**
 * Finds the minimum of a smooth convex function: limited-memory BFGS (Liu and Nocedal 1989), with steps halved until they descend
 * enough. Deterministic.
 */
final class Lbfgs {
    /** Pairs of step and change of gradient that the curvature is guessed from; 3 to 20 are usual. */
    private static final int PAIRS = 10;

    /** Share of the descent that the slope promises which a step must reach (Armijo). */
    private static final double ENOUGH = 1e-4;

    private static final int HALVINGS = 20;

    private Lbfgs() {}

    /** The function. */
    interface Objective {
        /** The value at x; writes the gradient there to {@code gradient}. */
        double value(double[] x, double[] gradient) throws InterruptedException;
    }

    private record Pair(double[] step, double[] change, double curvature) {}

    /**
     * Starts at 0 and goes on until no entry of the gradient is larger than the tolerance, no step descends, or the iterations are
     * used up.
     */
    static double[] minimize(Objective objective, int size, double tolerance, int iterations)
            throws InterruptedException {
        double[] x = new double[size];
        double[] gradient = new double[size];
        double value = objective.value(x, gradient);
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < iterations && largest(gradient) > tolerance; i++) {
            double[] direction = direction(gradient, pairs);
            double slope = dot(gradient, direction);
            double length = pairs.isEmpty() ? Math.min(1, 1 / Math.sqrt(-slope)) : 1;
            double[] next = new double[size];
            double[] nextGradient = new double[size];
            double nextValue = Double.POSITIVE_INFINITY;
            for (int h = 0; h < HALVINGS && !(nextValue <= value + ENOUGH * length * slope); h++) {
                length = h == 0 ? length : length / 2;
                for (int j = 0; j < size; j++) {
                    next[j] = x[j] + length * direction[j];
                }
                nextValue = objective.value(next, nextGradient);
            }
            // Close to the minimum a value's rounding hides the descent.
            if (!(nextValue < value)) {
                break;
            }
            remember(pairs, difference(next, x), difference(nextGradient, gradient));
            x = next;
            gradient = nextGradient;
            value = nextValue;
        }
        return x;
    }

    private static void remember(List<Pair> pairs, double[] step, double[] change) {
        double curvature = dot(step, change);
        if (curvature > 0) {
            pairs.add(new Pair(step, change, curvature));
        }
        if (pairs.size() > PAIRS) {
            pairs.removeFirst();
        }
    }

    /** Minus the gradient times the guessed inverse of the Hessian: the two loops of Nocedal 1980. */
    private static double[] direction(double[] gradient, List<Pair> pairs) {
        double[] direction = new double[gradient.length];
        for (int i = 0; i < direction.length; i++) {
            direction[i] = -gradient[i];
        }
        double[] factors = new double[pairs.size()];
        for (int p = pairs.size() - 1; p >= 0; p--) {
            Pair pair = pairs.get(p);
            factors[p] = dot(pair.step, direction) / pair.curvature;
            addScaled(direction, -factors[p], pair.change);
        }
        if (!pairs.isEmpty()) {
            Pair last = pairs.getLast();
            double scale = last.curvature / dot(last.change, last.change);
            for (int i = 0; i < direction.length; i++) {
                direction[i] *= scale;
            }
        }
        for (int p = 0; p < pairs.size(); p++) {
            Pair pair = pairs.get(p);
            addScaled(direction, factors[p] - dot(pair.change, direction) / pair.curvature, pair.step);
        }
        return direction;
    }

    private static void addScaled(double[] y, double factor, double[] x) {
        for (int i = 0; i < y.length; i++) {
            y[i] += factor * x[i];
        }
    }

    private static double[] difference(double[] a, double[] b) {
        double[] difference = a.clone();
        addScaled(difference, -1, b);
        return difference;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }
}
