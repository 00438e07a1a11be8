package io.tokenwise.cost;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Measured times of the pieces of a forward on one thread, in one precision of one backend, for one or more sizes of models.
 *
 * @param format {@link #FORMAT}
 * @param made the day of the newest measurement, such as {@code 2026-11-28}
 * @param machine what it was measured on
 * @param shapes the sizes that were measured, the newest first, none twice
 */
public record CostTable(int format, String made, Machine machine, List<ShapeCost> shapes) {
    /** Changes with what is measured, and how. */
    public static final int FORMAT = 1;

    static final int MOST_SHAPES = 16;

    /** @throws IllegalArgumentException if it is of another format, or something is absent */
    public CostTable {
        if (format != FORMAT) {
            throw new IllegalArgumentException("format is " + format + ", must be " + FORMAT);
        }
        if (machine == null) {
            throw new IllegalArgumentException("machine is missing");
        }
        if (made == null || !isDay(made)) {
            throw new IllegalArgumentException("made is " + made + ", must be a day such as 2026-11-28");
        }
        if (shapes == null
                || shapes.isEmpty()
                || shapes.size() > MOST_SHAPES
                || shapes.stream().anyMatch(Objects::isNull)) {
            throw new IllegalArgumentException("shapes must be 1 to " + MOST_SHAPES);
        }
        Set<Sizes> seen = new HashSet<>();
        for (ShapeCost shape : shapes) {
            if (!seen.add(shape.sizes())) {
                throw new IllegalArgumentException("shapes has " + shape.sizes() + " twice");
            }
        }
        shapes = List.copyOf(shapes);
    }

    private static boolean isDay(String made) {
        try {
            return !LocalDate.parse(made).toString().isEmpty();
        } catch (DateTimeParseException e) {
            return false;
        }
    }

    static CostTable of(Machine machine, List<ShapeCost> shapes) {
        return new CostTable(FORMAT, LocalDate.now().toString(), machine, shapes);
    }

    /** This table with those of another's shapes that it lacks, as far as there is room. */
    CostTable with(CostTable other) {
        Set<Sizes> own = Set.copyOf(shapes.stream().map(ShapeCost::sizes).toList());
        List<ShapeCost> all = Stream.concat(
                        shapes.stream(), other.shapes.stream().filter(shape -> !own.contains(shape.sizes())))
                .limit(MOST_SHAPES)
                .toList();
        return new CostTable(format, made, machine, all);
    }

    /** The measured sizes that are nearest to these. */
    ShapeCost nearest(Sizes sizes) {
        ShapeCost nearest = shapes.getFirst();
        for (ShapeCost shape : shapes) {
            if (sizes.distance(shape.sizes()) < sizes.distance(nearest.sizes())) {
                nearest = shape;
            }
        }
        return nearest;
    }
}
