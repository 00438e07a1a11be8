package io.tokenwise.api;

/**
 * How much an input may cost: a share of what the dense model takes for an input of its length, and who decides which token gets how much. At share 1 the dense
 * model runs. Dense models ignore it.
 *
 * @param share 0 to 1
 * @param unit what it is a share of
 * @param routing who decides
 * @param seed of {@link Routing#RANDOM}; otherwise unused
 */
public record Budget(double share, Unit unit, Routing routing, long seed) {
    /** Every learner for every token. */
    public static final Budget FULL = new Budget(1, Unit.FLOPS, Routing.STATIC, 0);

    /** What a budget is a share of. */
    public enum Unit {
        /**
         * Of the time of the dense model at the same precision, as the cost model of this machine predicts it for an input of this length. It needs a model with a
         * short path. On other machines the same budget may let more or fewer tokens stay.
         */
        TIME,
        /** Of the multiply-adds of the dense layers that adaptive modules replaced: the same on every machine. */
        FLOPS
    }

    /** Who decides how many learners a token gets. */
    public enum Routing {
        /** The trained gate, token by token: the share is met on average over text like the calibration's. */
        LEARNED,
        /**
         * The trained gate, and no text costs more than the share, gates included: where its tokens want more than it has left, they get
         * fewer learners where the gate minds least. What it does not spend in one module it has for the next ones. Where tokens leave, a few always stay: a share that does not reach
         * for these, as of a text of few tokens, is refused with {@link IllegalArgumentException}, which says how much it must be, and all texts of the call with it. Of a recording that holds
         * for its frames, and for the text that is written of it, whose later tokens have what earlier ones leave.
         */
        HARD,
        /**
         * A control for the gate, for experiments. Where modules have learners, all tokens of a module get the same number, and it never costs more than the share. Where
         * tokens leave, those at a text's end do: it is cut, of which nothing tells, and one of few tokens may cost more than the share.
         */
        STATIC,
        /**
         * The gate's numbers, shuffled within each module among the tokens of neighbouring texts of about one length that run together with
         * the same budget: a control for the gate. The only routing by which a text's result depends on its neighbours. A token that a decoder is
         * writing is alone: it gets one of two numbers at random, with the share as their mean.
         */
        RANDOM
    }

    /**
     * Checks the share.
     *
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public Budget {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("budget " + share + " is outside 0..1");
        }
    }

    /**
     * {@return a share of the dense model's time} A few tokens always stay, so that a short text may cost more than a small share; what it cost, {@code spent()} of its result says.
     *
     * @param share 0 to 1
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public static Budget of(double share) {
        return of(share, Unit.TIME, Routing.LEARNED, 0);
    }

    /**
     * {@return a share of the FLOPs on average, spent as the trained gates decide} A short text may cost more, as with {@link #of(double)}.
     *
     * @param share 0 to 1
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public static Budget flops(double share) {
        return of(share, Unit.FLOPS, Routing.LEARNED, 0);
    }

    /**
     * {@return a share of the FLOPs that no text exceeds, by construction: spent as the trained gates decide, as far as it reaches} A call fails if one of its texts is so short that it does not
     * reach; see {@link Routing#HARD}.
     *
     * @param share 0 to 1
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public static Budget hard(double share) {
        return of(share, Unit.FLOPS, Routing.HARD, 0);
    }

    /**
     * {@return a share of the FLOPs by {@link Routing#STATIC}: a control to compare gates with, not for a service, since it cuts texts where tokens leave}
     *
     * @param share 0 to 1
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public static Budget fixed(double share) {
        return new Budget(share, Unit.FLOPS, Routing.STATIC, 0);
    }

    /**
     * {@return a share of the FLOPs, spent as the trained gates decide, but on random tokens}
     *
     * @param share 0 to 1
     * @param seed of the same choice for the same tokens
     * @throws IllegalArgumentException if it is outside 0..1
     */
    public static Budget shuffled(double share, long seed) {
        return new Budget(share, Unit.FLOPS, Routing.RANDOM, seed);
    }

    /**
     * {@return a budget; at share 1 all are equal, but for controls, which may be asked for by name}
     *
     * @param share 0 to 1
     * @param unit what it is a share of
     * @param routing who decides
     * @param seed of {@link Routing#RANDOM}; otherwise unused
     * @throws IllegalArgumentException if the share is outside 0..1
     */
    public static Budget of(double share, Unit unit, Routing routing, long seed) {
        boolean control = routing == Routing.STATIC || routing == Routing.RANDOM;
        return share == 1 && !control ? FULL : new Budget(share, unit, routing, seed);
    }
}
