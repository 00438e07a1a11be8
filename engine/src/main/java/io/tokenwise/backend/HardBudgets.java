package io.tokenwise.backend;

/**
 * What the texts of a batch have left to spend under hard budgets, in multiply-adds. It lies where its stream computes, so that a device need not tell the host. For each batch
 * {@link #begin}; for each module {@link #grant}, and then {@link Routing#bind}. Of one stream and for one caller at a time, like that.
 */
public interface HardBudgets {
    /**
     * Starts over with so many texts, which have nothing. One that is never granted anything is not bound.
     *
     * @param offsets the first rows of the texts, and behind them where the last one ends; not to be changed until the next batch begins
     */
    void begin(int[] offsets, int texts);

    /** Gives a text more to spend, or nothing, which binds it too. */
    void grant(int text, long multiplyAdds);

    /** The most that a text may have left. On the host it is what it has; a device knows better what it has spent. */
    long atMost(int text);
}
