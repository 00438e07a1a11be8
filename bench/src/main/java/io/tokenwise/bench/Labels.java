package io.tokenwise.bench;

import java.util.ArrayList;
import java.util.List;

/** Finds places for short texts beside points, so that they hide neither a point nor each other. */
final class Labels {
    /** Of the font, in pixels. */
    static final int SIZE = 11;

    private static final double CHARACTER = 0.62 * SIZE;
    private static final double POINT = 6;
    private static final double FAR = 26;

    private final Box bounds;
    private final List<Box> taken = new ArrayList<>();

    private record Box(double left, double top, double right, double bottom) {
        boolean meets(Box other) {
            return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
        }

        boolean within(Box other) {
            return left >= other.left && right <= other.right && top >= other.top && bottom <= other.bottom;
        }
    }

    Labels(double left, double top, double right, double bottom) {
        bounds = new Box(left, top, right, bottom);
    }

    /** Reserves the place of a point. */
    void keepFree(double x, double y) {
        taken.add(new Box(x - POINT, y - POINT, x + POINT, y + POINT));
    }

    /** Where a text of so many characters begins, and its baseline: the nearest free place, else to the point's right. */
    double[] place(double x, double y, int characters) {
        double width = characters * CHARACTER;
        for (double distance = POINT + 2; distance < FAR; distance += 4) {
            double[][] corners = {
                {x + distance, y - SIZE / 2.0},
                {x - distance - width, y - SIZE / 2.0},
                {x - width / 2, y - distance - SIZE},
                {x - width / 2, y + distance},
                {x + distance, y - distance - SIZE / 2.0},
                {x + distance, y + distance - SIZE / 2.0},
                {x - distance - width, y - distance - SIZE / 2.0},
                {x - distance - width, y + distance - SIZE / 2.0},
            };
            for (double[] corner : corners) {
                var box = new Box(corner[0], corner[1], corner[0] + width, corner[1] + SIZE);
                if (box.within(bounds) && taken.stream().noneMatch(box::meets)) {
                    taken.add(box);
                    return new double[] {corner[0], corner[1] + SIZE - 2};
                }
            }
        }
        return new double[] {x + POINT + 2, y + SIZE / 2.0 - 2};
    }
}
