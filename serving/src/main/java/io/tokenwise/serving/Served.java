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
    /** {@return its name in messages and metrics} */
    String name();

    /**
     * {@return how many tokens an input is, at least 1, which is what it costs}
     *
     * @param input as the model reads it
     * @throws IllegalArgumentException if the model cannot read it
     */
    int tokens(int[] input);

    /**
     * {@return an input to measure what the model costs}
     *
     * @param tokens about how many it has; of the length that there is, if all inputs have one
     */
    int[] sample(int tokens);

    /** {@return the tokens of the longest input that costs are measured of; longer ones are reckoned from it} */
    int maxTokens();

    /** {@return whether budgets change what it does} */
    boolean isAdaptive();

    /**
     * {@return the budget of a share, in the unit that the model knows}
     *
     * @param share 0 to 1
     */
    Budget budget(double share);

    /**
     * What an input will cost.
     *
     * @param input as the model reads it
     * @param budget that it is to have
     * @return with a time of NaN if that is not known before it runs; what a budget costs is then measured
     * @throws IllegalArgumentException if the budget is one that the model cannot keep
     */
    Spent spent(int[] input, Budget budget);

    /**
     * {@return in what time an input that floats is to be answered, where a target is asked for}
     * That is the target, unless the input takes longer by its nature, such as speech, and would never be accepted.
     *
     * @param input as the model reads it
     * @param asked the queue's target
     */
    default Duration target(int[] input, Duration asked) {
        return asked;
    }

    /**
     * Runs a batch on the calling thread.
     *
     * @param inputs as the model reads them
     * @param budgets one for each
     * @return a result for each input, in their order
     */
    List<R> run(List<int[]> inputs, List<Budget> budgets);

    /**
     * Gives back the working memory that its longest inputs took, of which few requests may be. Called after they were measured, or one of them got no memory. It does nothing
     * here.
     */
    default void giveBackMemory() {}

    /**
     * {@return inputs like those that it will be asked, by which is measured what quality budgets lose}
     * Requests that float then have those budgets that lose least together. Of none, as here, all have the same.
     *
     * @param tokens about how many each has
     */
    default List<int[]> typical(int tokens) {
        return List.of();
    }

    /**
     * {@return how much worse a result is than that of full budget, such as 1 less their cosine; from 0}
     * Asked for {@link #typical} inputs only.
     *
     * @param full the result of full budget
     * @param found that of a smaller one
     */
    default double loss(R full, R found) {
        throw new UnsupportedOperationException(name() + ": a model with typical inputs must say what they lose");
    }
}
