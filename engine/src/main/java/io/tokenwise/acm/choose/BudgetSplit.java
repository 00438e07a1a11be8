package io.tokenwise.acm.choose;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How a hard budget is split among modules: as gates spend a soft one on average, measured on held-out inputs. Modules want very different shares (docs/lab/design-notes.md).
 *
 * @param told what the gates were told, ascending, 0 to 1
 * @param spent for each module, by its path, the share of its own dense FLOPs that its learners and its gate cost then; empty if each module gets
 *     the same share
 */
public record BudgetSplit(List<Double> told, Map<String, List<Double>> spent) {
    /** Each module gets the same share. */
    public static final BudgetSplit EVEN = new BudgetSplit(List.of(0.0, 1.0), Map.of());

    /** Where gates spend so much of one learner for each token, each gets one: means are rounded in the file, and texts differ. Chosen, not measured. */
    private static final double NEARLY = 0.98;

    public BudgetSplit {
        told = List.copyOf(told);
        // In this order they are written: Map.copyOf has another one in each JVM.
        Map<String, List<Double>> copy = new LinkedHashMap<>();
        spent.forEach((path, shares) -> copy.put(path, List.copyOf(shares)));
        spent = Collections.unmodifiableMap(copy);
        if (told.size() < 2 || told.getFirst() < 0 || told.getLast() > 1) {
            throw new IllegalArgumentException("acm.split.told must be two budgets or more of 0 to 1, is " + told);
        }
        for (int i = 1; i < told.size(); i++) {
            if (!(told.get(i) > told.get(i - 1))) {
                throw new IllegalArgumentException("acm.split.told must ascend, is " + told);
            }
        }
        for (Map.Entry<String, List<Double>> module : spent.entrySet()) {
            if (module.getValue().size() != told.size()
                    || module.getValue().stream().anyMatch(share -> !(share >= 0 && share <= Calibration.MOST_SPENT))) {
                throw new IllegalArgumentException("acm.split.spent." + module.getKey() + " must be " + told.size()
                        + " numbers of 0 to " + Calibration.MOST_SPENT + ", is " + module.getValue());
            }
        }
    }

    /**
     * What a module gets of the budgets of these modules, of which it is one. First comes what one learner for each token and the gate cost, or less where gates spend
     * less, so that on average no token goes without that a soft budget would give one; and then what is left, by what each spends beyond that.
     */
    HardShare of(Acm module, List<Acm> together) {
        if (spent.isEmpty()) {
            return HardShare.EVEN;
        }
        return new HardShare(
                curve(i -> first(module, i)),
                curve(i -> mean(together, acm -> first(acm, i))),
                curve(i -> beyondFirst(module, i)),
                curve(i -> mean(together, acm -> beyondFirst(acm, i))));
    }

    private Curve curve(IntToDoubleFunction share) {
        return new Curve(
                told, IntStream.range(0, told.size()).mapToDouble(share).boxed().toList());
    }

    /** Over modules, each weighed by its dense FLOPs. */
    private static double mean(List<Acm> modules, ToDoubleFunction<Acm> share) {
        double sum = 0;
        double dense = 0;
        for (Acm acm : modules) {
            sum += share.applyAsDouble(acm) * acm.denseFlops();
            dense += acm.denseFlops();
        }
        return sum / dense;
    }

    private double first(Acm acm, int i) {
        double oneEach = (double) (acm.learnerFlops() + acm.gateFlops()) / acm.denseFlops();
        double spends = spent(acm).get(i);
        return spends < NEARLY * oneEach ? spends : oneEach;
    }

    private double beyondFirst(Acm acm, int i) {
        return Math.max(0, spent(acm).get(i) - first(acm, i));
    }

    private List<Double> spent(Acm module) {
        List<Double> shares = spent.get(module.path());
        if (shares == null) {
            throw new IllegalArgumentException("acm.split.spent has no " + module.path());
        }
        return shares;
    }
}
