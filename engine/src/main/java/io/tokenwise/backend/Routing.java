package io.tokenwise.backend;

import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;

/**
 * How many of a module's learners each row of a matrix gets, and the rows in the order in which products want them: those with most learners first, equal
 * ones as they were. It lies where its stream computes, so that a device need not tell the host. It is filled again and again: {@link #begin}, then each row by
 * {@link #give} or {@link #ask}, then {@link #bind} where texts have hard budgets, {@link #decide} and {@link #sort}. Of one stream and for one caller at a time, like that; on the host it allocates nothing once
 * large enough.
 */
public interface Routing {
    /** Rows that it was begun for. */
    int rows();

    /** Learners of the module that it was begun for. */
    int learners();

    /** Starts over for so many rows of a module of so many learners. */
    void begin(int rows, int learners);

    /** So many learners for each of these rows. */
    void give(int from, int count, int learners);

    /**
     * The gate is to choose for these rows.
     *
     * @param offset added to their logits, one for each choice but that of no learner; not copied before {@link #decide}
     */
    void ask(int from, int count, float[] offset);

    /**
     * No text is to cost more than it has left: the rows of a bound text keep what {@link #decide} chooses if the text can pay for that besides the gate, else get the
     * learners that it can pay for, such that the sum of their logits is the largest, of equal ones the earlier row's; and the text has less left. One that can pay for none has
     * none, and its gate costs nothing.
     *
     * @param budgets have been granted what this module may spend
     * @param gateFlops multiply-adds of the gate for a row
     * @param learnerFlops multiply-adds of a learner for a row
     */
    void bind(HardBudgets budgets, long gateFlops, long learnerFlops);

    /**
     * Asks the gate, for the rows that it is to choose for: {@code logits = x weight^T + offset}. The largest of a row's logits, of equal ones the first, is its
     * choice, and no learner if none is above 0.
     *
     * @param weight as {@link Stream#dots} wants it
     * @param choices the learners of each logit's choice, ascending; not to be changed afterwards
     * @param workspace for what is needed in between; given back
     * @param logits {@code [rows, choices]}, unspecified where the gate was not asked; null if nobody reads them
     */
    void decide(Tensor x, Tensor weight, int[] choices, Workspace workspace, Tensor logits);

    /** Orders the rows. */
    void sort();

    /** Once all rows are given or decided: the learners of each row, the first {@link #rows} values, on the host, where a device copies them to; valid until {@link #begin}. What is written counts after {@link #changed}. */
    int[] counts();

    /** Once all rows are given or decided: for how many of them a gate was asked that its text could pay for; on the host, like {@link #counts}. */
    int asked();

    /** After the host has written the {@link #counts}; before {@link #sort}. */
    void changed();

    /** After {@link #sort}: whether all rows have all learners, as far as the host knows: a device may find out later. */
    boolean isWhole();
}
