package io.tokenwise.acm;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which parts of each layer become adaptive, and how finely.
 *
 * @param mlp whether the MLPs do
 * @param attentionGates projections of attention that share a gate, as letters of {@code qkvo} in this order, one string a gate; empty if
 *     attention stays dense
 * @param learners of each module
 * @param mlpLearners how many of an MLP's learners have weights of their own: a token has at most so many, or all of the MLP
 */
public record AdaptiveLayers(boolean mlp, List<String> attentionGates, int learners, int mlpLearners) {
    private static final String MLP = "mlp";

    public AdaptiveLayers {
        attentionGates = List.copyOf(attentionGates);
        // Without MLPs it means nothing, and must not make two of these differ.
        mlpLearners = mlp ? mlpLearners : learners - 1;
        if (!mlp && attentionGates.isEmpty()) {
            throw new IllegalArgumentException("nothing is to become adaptive: name mlp or projections of attention");
        }
        if (learners < 2) {
            throw new IllegalArgumentException(
                    learners + " learners: there must be at least 2, the last of which stands for the dense block");
        }
        if (mlpLearners < 1 || mlpLearners >= learners) {
            throw new IllegalArgumentException(
                    mlpLearners + " learners of an MLP with weights of their own: must be 1 to " + (learners - 1));
        }
        var seen = new HashSet<Integer>();
        for (String gate : attentionGates) {
            String ordered = AdaptiveAttention.PROJECTIONS
                    .chars()
                    .filter(letter -> gate.indexOf(letter) >= 0)
                    .mapToObj(Character::toString)
                    .collect(Collectors.joining());
            if (gate.isEmpty() || !gate.equals(ordered) || !gate.chars().allMatch(seen::add)) {
                throw new IllegalArgumentException("adaptive layers: " + gate
                        + " is not mlp, nor different letters of qkvo in this order, each named once in all");
            }
        }
    }

    /** Only the MLPs, with weights for every number of learners. */
    public static AdaptiveLayers mlps(int learners) {
        return new AdaptiveLayers(true, List.of(), learners, learners - 1);
    }

    /**
     * From a list such as {@code mlp,qk,vo}: {@code mlp}, and letters for the projections that share a gate; with weights for every number of
     * learners.
     *
     * @throws IllegalArgumentException if a name is unknown or twice there
     */
    public static AdaptiveLayers parse(String names, int learners) {
        var gates = new ArrayList<>(Arrays.asList(names.split(",", -1)));
        return new AdaptiveLayers(gates.remove(MLP), gates, learners, learners - 1);
    }

    /** The same, but of an MLP's learners only the first few have weights of their own. */
    public AdaptiveLayers withMlpLearners(int count) {
        return new AdaptiveLayers(mlp, attentionGates, learners, count);
    }

    /** The paths of a layer's modules, such as {@code encoder.layer.0.attention.qk}, in the order in which they run. */
    public List<String> modules(String layer) {
        var paths = new ArrayList<String>();
        attentionGates.forEach(letters -> paths.add(layer + ".attention." + letters));
        if (mlp) {
            paths.add(layer + ".mlp");
        }
        return paths;
    }

    @Override
    public String toString() {
        var names = new ArrayList<String>();
        if (mlp) {
            names.add(MLP);
        }
        names.addAll(attentionGates);
        String trained = mlp && mlpLearners < learners - 1 ? " (MLPs: up to " + mlpLearners + ", or all)" : "";
        return String.join(",", names) + " of " + learners + " learners" + trained;
    }
}
