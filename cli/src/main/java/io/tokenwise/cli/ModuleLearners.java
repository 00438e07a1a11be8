package io.tokenwise.cli;

import io.tokenwise.acm.choose.AdaptiveModule;
import io.tokenwise.acm.choose.LearnerObserver;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** How many learners each module runs for a token, on average, at some budgets. For one thread. */
final class ModuleLearners implements LearnerObserver {
    private final Map<String, Module> modules = new LinkedHashMap<>();
    private final List<Double> budgets = new ArrayList<>();

    /** What one module ran, by the place of the budget. */
    private static final class Module {
        final int learners;
        final List<long[]> countsAndTokens = new ArrayList<>();

        Module(int learners) {
            this.learners = learners;
        }
    }

    ModuleLearners(List<? extends AdaptiveModule> all) {
        all.forEach(module -> modules.put(module.path(), new Module(module.learners())));
    }

    /** What is observed from now on runs at this budget. */
    void begin(double budget) {
        budgets.add(budget);
        modules.values().forEach(module -> module.countsAndTokens.add(new long[2]));
    }

    @Override
    public void spent(String module, int[] learners, int tokens, int gated) {
        long[] sums = modules.get(module).countsAndTokens.getLast();
        for (int token = 0; token < tokens; token++) {
            sums[0] += learners[token];
        }
        sums[1] += tokens;
    }

    List<Double> budgets() {
        return List.copyOf(budgets);
    }

    /** The modules' paths in the order in which they run. */
    List<String> modules() {
        return List.copyOf(modules.keySet());
    }

    /** Learners that the module has. */
    int learners(String module) {
        return modules.get(module).learners;
    }

    /** Whether tokens leave: then there is one module, which a token goes through or not. */
    boolean tokensLeave() {
        return modules.values().stream().anyMatch(module -> module.learners == 1);
    }

    /** Learners that ran, mean over tokens, at each budget. */
    List<Double> means(String module) {
        return modules.get(module).countsAndTokens.stream()
                .map(sums -> (double) sums[0] / sums[1])
                .toList();
    }
}
