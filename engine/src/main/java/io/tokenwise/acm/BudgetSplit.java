package io.tokenwise.acm;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a hard budget is split among modules: as gates spend a soft one on average, measured on held-out inputs. Attention may want three times the share of
 * an MLP at one budget and as much at another.
 *
 * @param told what the gates were told, ascending, 0 to 1
 * @param spent for each module, by its path, the share of its own dense FLOPs that its learners and its gate cost then; empty if each module gets
 *     the same share
 */
public record BudgetSplit(List<Double> told, Map<String, List<Double>> spent) {
    /** Each module gets the same share. */
    public static final BudgetSplit EVEN = new BudgetSplit(List.of(0.0, 1.0), Map.of());

    private static final double MOST_SPENT = 2;

    /** So that rounding never makes the parts more than the whole. */
    private static final double ROUNDING = 1e-9;

    public BudgetSplit {
        told = List.copyOf(told);
        // In this order they are written: Map.copyOf has another one in each JVM.
        spent = Collections.unmodifiableMap(new LinkedHashMap<>(spent));
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
                    || module.getValue().stream().anyMatch(share -> !(share >= 0 && share <= MOST_SPENT))) {
                throw new IllegalArgumentException("acm.split.spent." + module.getKey() + " must be " + told.size()
                        + " numbers of 0 to " + MOST_SPENT + ", is " + module.getValue());
            }
        }
    }

    /**
     * What a module gets at each told budget, where 1 is the share that all would get if it were split evenly.
     *
     * @param together the modules that share a budget, the given one among them
     */
    double[] parts(Acm module, List<Acm> together) {
        var parts = new double[told.size()];
        Arrays.fill(parts, 1);
        if (!spent.isEmpty()) {
            double dense = together.stream().mapToLong(Acm::denseFlops).sum();
            for (int i = 0; i < parts.length; i++) {
                double all = 0;
                for (Acm acm : together) {
                    all += acm.denseFlops() / dense * spent(acm).get(i);
                }
                parts[i] = all == 0 ? 1 : (1 - ROUNDING) * spent(module).get(i) / all;
            }
        }
        return parts;
    }

    private List<Double> spent(Acm module) {
        List<Double> shares = spent.get(module.path());
        if (shares == null) {
            throw new IllegalArgumentException("acm.split.spent has no " + module.path());
        }
        return shares;
    }

    /** @throws IllegalArgumentException with the field's name if something is missing or wrong */
    static BudgetSplit fromJson(JsonNode json) {
        if (!(json.get("spent") instanceof ObjectNode modules)) {
            throw new IllegalArgumentException("acm.split must have told and, for each module, spent; is " + json);
        }
        Map<String, List<Double>> spent = new LinkedHashMap<>();
        modules.properties()
                .forEach(module -> spent.put(
                        module.getKey(), AcmConfig.numbers(module.getValue(), "split.spent." + module.getKey())));
        return new BudgetSplit(AcmConfig.numbers(json.get("told"), "split.told"), spent);
    }

    void toJson(ObjectNode json) {
        told.forEach(json.putArray("told")::add);
        ObjectNode modules = json.putObject("spent");
        spent.forEach((path, shares) -> shares.forEach(modules.putArray(path)::add));
    }
}
