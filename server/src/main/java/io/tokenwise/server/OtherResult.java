package io.tokenwise.server;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import io.tokenwise.serving.Served;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A model asked for something else than what it gives as it is: beside requests for that in a queue, or in its place.
 *
 * @param model as it is
 * @param run gives a result for each input, each with its budget
 */
record OtherResult<R>(Served<?> model, BiFunction<List<int[]>, List<Budget>, List<R>> run) implements Served<R> {
    @Override
    public List<R> run(List<int[]> inputs, List<Budget> budgets) {
        return run.apply(inputs, budgets);
    }

    @Override
    public String name() {
        return model.name();
    }

    @Override
    public int tokens(int[] input) {
        return model.tokens(input);
    }

    @Override
    public int[] sample(int tokens) {
        return model.sample(tokens);
    }

    @Override
    public int maxTokens() {
        return model.maxTokens();
    }

    @Override
    public boolean isAdaptive() {
        return model.isAdaptive();
    }

    @Override
    public Budget budget(double share) {
        return model.budget(share);
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        return model.spent(input, budget);
    }

    @Override
    public void giveBackMemory() {
        model.giveBackMemory();
    }
}
