package io.tokenwise.acm;

/**
 * What an input gets of a model with a short path.
 *
 * @param rows how many of its tokens stay
 * @param width which of {@link ShortMlp#WIDTHS} the MLPs have, by its place; {@link #DENSE_WIDTH} on the dense path
 */
public record ShortPlan(int rows, int width) {
    /** The dense model, with all tokens. */
    public static final int DENSE_WIDTH = -1;

    public boolean isDense() {
        return width == DENSE_WIDTH;
    }
}
