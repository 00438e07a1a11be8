package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Quality against time of one way at several settings, linear in time between them. A setting that a faster one of the same curve beats is left
 * out: nobody would choose it.
 *
 * @param points ascending in time and in value
 */
record TimeCurve(List<Point> points) {
    /**
     * A setting, or a place between two.
     *
     * @param time in any unit
     * @param value the quality
     * @param drawn the quality in each draw of a {@link PairedBootstrap}
     */
    record Point(double time, double value, double[] drawn) {
        private Point towards(Point other, double share, double newTime) {
            var between = new double[drawn.length];
            for (int i = 0; i < between.length; i++) {
                between[i] = drawn[i] + share * (other.drawn[i] - drawn[i]);
            }
            return new Point(newTime, value + share * (other.value - value), between);
        }
    }

    /** The curve of points in any order. */
    static TimeCurve of(List<Point> points) {
        var chosen = new ArrayList<Point>();
        points.stream().sorted(Comparator.comparingDouble(Point::time)).forEach(point -> {
            if (chosen.isEmpty() || point.value > chosen.getLast().value) {
                chosen.add(point);
            }
        });
        return new TimeCurve(List.copyOf(chosen));
    }

    /** What the curve reaches within a time: empty if its fastest point is slower, its best point if all are faster. */
    Optional<Point> at(double time) {
        if (points.isEmpty() || points.getFirst().time > time) {
            return Optional.empty();
        }
        for (int i = 1; i < points.size(); i++) {
            Point from = points.get(i - 1);
            Point to = points.get(i);
            if (to.time > time) {
                return Optional.of(from.towards(to, (time - from.time) / (to.time - from.time), time));
            }
        }
        return Optional.of(points.getLast());
    }
}
