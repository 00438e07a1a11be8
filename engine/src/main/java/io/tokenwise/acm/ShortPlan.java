package io.tokenwise.acm;

import java.util.List;
import java.util.stream.Stream;

/**
 * What an input gets of a model with a short path.
 *
 * @param rows how many of its tokens stay
 * @param width which of {@link #WIDTHS} the MLPs have, by its place; {@link #DENSE} if the dense model's own layers run
 */
public record ShortPlan(int rows, int width) {
    /** Shares of the MLPs' units: all, in layers of the dense ones' sizes, then those of the narrow layers. */
    public static final List<Double> WIDTHS =
            Stream.concat(Stream.of(1.0), NarrowMlp.WIDTHS.stream()).toList();

    public static final int DENSE = -1;

    public boolean isDense() {
        return width == DENSE;
    }

    public boolean isNarrow() {
        return width > 0;
    }
}
