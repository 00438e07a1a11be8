package io.tokenwise.nn;

/**
 * How much adaptive modules may spend in one call: a share of the dense FLOPs of the layers that they replaced, and who decides
 * which token gets how many learners. At share 1 every learner runs for every token. Dense models ignore it.
 *
 * @param share 0 to 1
 * @param routing who decides
 * @param seed of {@link Routing#RANDOM}; otherwise unused
 */
public record Budget(double share, Routing routing, long seed) {
    /** Every learner for every token. */
    public static final Budget FULL = new Budget(1, Routing.STATIC, 0);

    /** Who decides how many learners a token gets. */
    public enum Routing {
        /** The trained gate, token by token. */
        LEARNED,
        /** The same number for all tokens of a module: a control for the gate. */
        STATIC,
        /** The gate's numbers, shuffled among the tokens of the call within each module: a control for the gate. */
        RANDOM
    }

    public Budget {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("budget " + share + " is outside 0..1");
        }
    }

    /** The given share, spent as the trained gates decide. */
    public static Budget of(double share) {
        return share == 1 ? FULL : new Budget(share, Routing.LEARNED, 0);
    }

    public static Budget fixed(double share) {
        return new Budget(share, Routing.STATIC, 0);
    }

    public static Budget shuffled(double share, long seed) {
        return new Budget(share, Routing.RANDOM, seed);
    }
}
