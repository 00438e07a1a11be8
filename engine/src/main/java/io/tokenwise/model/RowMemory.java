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

    /** Numbers that come out at once, if they are of several inputs or tokens: 16 MB, of a vocabulary of 30,000 words some 140 tokens'. */
    public static final int OUTPUTS = 1 << 22;

    /** Inputs or tokens whose outputs of that width are made at once. */
    public static int rowsAtOnce(int width) {
        return Math.max(1, OUTPUTS / width);
    }
}
