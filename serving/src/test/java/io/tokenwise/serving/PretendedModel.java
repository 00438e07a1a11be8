package io.tokenwise.serving;

import io.tokenwise.Spent;
import io.tokenwise.api.Budget;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A model whose inputs are one number for each token, and whose result is their sum and the budget's share. What a batch does before is the test's. */
record PretendedModel(String name, boolean isAdaptive, int maxTokens, Consumer<List<int[]>> before, Runnable givesBack)
        implements Served<PretendedModel.Result> {
    record Result(int sum, double share) {}

    static PretendedModel plain() {
        return new PretendedModel("plain", true, 64, inputs -> {}, () -> {});
    }

    static PretendedModel doing(Consumer<List<int[]>> before) {
        return new PretendedModel("doing", true, 64, before, () -> {});
    }

    @Override
    public int tokens(int[] input) {
        if (input.length == 0) {
            throw new IllegalArgumentException("plain: an input of no tokens");
        }
        return input.length;
    }

    @Override
    public int[] sample(int tokens) {
        return new int[tokens];
    }

    @Override
    public Budget budget(double share) {
        return Budget.of(share);
    }

    @Override
    public void giveBackMemory() {
        givesBack.run();
    }

    @Override
    public Spent spent(int[] input, Budget budget) {
        return new Spent(budget.share(), budget.share());
    }

    @Override
    public List<Result> run(List<int[]> inputs, List<Budget> budgets) {
        before.accept(inputs);
        return IntStream.range(0, inputs.size())
                .mapToObj(i -> new Result(
                        Arrays.stream(inputs.get(i)).sum(), budgets.get(i).share()))
                .toList();
    }
}
