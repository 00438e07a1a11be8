package io.tokenwise.model;

/**
 * What a forward holds besides what every transformer does.
 *
 * @param floatsPerToken such as a patch's values
 * @param floats that do not depend on how many tokens there are
 */
public record RowMemory(long floatsPerToken, long floats) {
    /** Nothing. */
    public static final RowMemory NONE = new RowMemory(0, 0);
}
