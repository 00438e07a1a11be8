package io.tokenwise.nn;

/**
 * How much adaptive modules may spend on a text: a share of the dense FLOPs of the layers that they replaced, and who decides which
 * token gets how many learners. At share 1 every learner runs for every token. Dense models ignore it.
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
        /** The trained gate, token by token: the share is met on average over text like the calibration's. */
        LEARNED,
        /**
         * The trained gate, and no text costs more than the share, gates included: where its tokens want more than it has left, they get
         * fewer learners where the gate minds least. What it does not spend in one module it has for the next ones. Of a recording that holds
         * for its frames, and for the text that is written of it, whose later tokens have what earlier ones leave.
         */
        HARD,
        /** The same number for all tokens of a module: a control for the gate. It never costs more than the share. */
        STATIC,
        /**
         * The gate's numbers, shuffled within each module among the tokens of neighbouring texts of about one length that run together with
         * the same budget: a control for the gate. The only routing by which a text's result depends on its neighbours. A token that a decoder is
         * writing is alone: it gets one of two numbers at random, with the share as their mean.
         */
        RANDOM
    }

    public Budget {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("budget " + share + " is outside 0..1");
        }
    }

    /** The given share on average, spent as the trained gates decide. */
    public static Budget of(double share) {
        return share == 1 ? FULL : new Budget(share, Routing.LEARNED, 0);
    }

    /** At most the given share for each text, by construction: spent as the trained gates decide, as far as it reaches. */
    public static Budget hard(double share) {
        return share == 1 ? FULL : new Budget(share, Routing.HARD, 0);
    }

    /** The given share, the same for every token. */
    public static Budget fixed(double share) {
        return new Budget(share, Routing.STATIC, 0);
    }

    /** The given share, spent as the trained gates decide, but on random tokens. */
    public static Budget shuffled(double share, long seed) {
        return new Budget(share, Routing.RANDOM, seed);
    }
}
