package io.tokenwise.acm.choose;

import java.util.List;

/**
 * A function that is known at some points: a straight line between two of them, level before the first and behind the last.
 *
 * @param x of the points, ascending, some perhaps equal to the one before
 * @param y of the points
 */
public record Curve(List<Double> x, List<Double> y) {
    public Curve {
        x = List.copyOf(x);
        y = List.copyOf(y);
        if (x.isEmpty() || x.size() != y.size()) {
            throw new IllegalArgumentException("curve: " + x.size() + " values of x and " + y.size()
                    + " of y; there must be one of each for each point, and a point");
        }
        for (int i = 1; i < x.size(); i++) {
            if (!(x.get(i) >= x.get(i - 1))) {
                throw new IllegalArgumentException("curve: points must ascend, are at " + x);
            }
        }
    }

    /** Allocates nothing. */
    public double at(double place) {
        int right = 0;
        while (right < x.size() && x.get(right) < place) {
            right++;
        }
        if (right == 0) {
            return y.getFirst();
        }
        if (right == x.size()) {
            return y.getLast();
        }
        double t = (place - x.get(right - 1)) / (x.get(right) - x.get(right - 1));
        return y.get(right - 1) + t * (y.get(right) - y.get(right - 1));
    }
}
