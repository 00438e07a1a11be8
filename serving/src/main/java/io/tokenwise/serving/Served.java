package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.time.Duration;
import java.util.List;

/**
 * What a {@link RequestQueue} needs of a model. {@link ServedEncoder} is one for what gives a vector or logits. Implementations are thread-safe.
 *
 * @param <R> what comes out for an input
 */
public interface Served<R> {
    /** Its name in messages and metrics. */
    String name();

    /**
     * How many tokens an input is, at least 1, which is what it costs.
     *
     * @throws IllegalArgumentException if the model cannot read it
     */
    int tokens(int[] input);

    /** An input of about so many tokens, to measure what the model costs; of the length that there is, if all have one. */
    int[] sample(int tokens);

    /** The longest input that costs are measured of; longer ones are reckoned from it. */
    int maxTokens();

    /** Whether budgets change what it does. */
    boolean isAdaptive();

    /** The budget of this share, in the unit that the model knows. */
    Budget budget(double share);

    /**
     * What an input will cost.
     *
     * @return with a time of NaN if that is not known before it runs; what a budget costs is then measured
     * @throws IllegalArgumentException if the budget is one that the model cannot keep
     */
    Spent spent(int[] input, Budget budget);

    /**
     * In what time an input that floats is to be answered, where a target is asked for: that, unless it takes longer by its nature, such as speech, and would never be accepted.
     */
    default Duration target(int[] input, Duration asked) {
        return asked;
    }

    /** Runs a batch on the calling thread: a result for each input, in their order, each with a budget of its own. */
    List<R> run(List<int[]> inputs, List<Budget> budgets);

    /**
     * Inputs of about so many tokens like those that it will be asked, by which is measured what quality budgets lose: requests that float then have those budgets that lose least
     * together. Of none, as here, all have the same.
     */
    default List<int[]> typical(int tokens) {
        return List.of();
    }

    /** How much worse a result is than that of full budget, such as 1 less their cosine; from 0, asked for {@link #typical} inputs only. */
    default double loss(R full, R found) {
        throw new UnsupportedOperationException(name() + ": a model with typical inputs must say what they lose");
    }
}
