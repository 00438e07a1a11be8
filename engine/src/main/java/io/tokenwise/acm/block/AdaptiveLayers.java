package io.tokenwise.acm.block;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which parts of each layer become adaptive, and how finely.
 *
 * @param tokens whether tokens leave instead, so that layers need not be adaptive
 * @param mlp whether the MLPs do
 * @param attentionGates projections of attention that share a gate, as letters of {@code qkvo} in this order, one string a gate; empty if
 *     attention stays dense
 * @param learners of each module
 * @param mlpLearners how many of an MLP's learners have weights of their own: a token has at most so many, or all of the MLP
 */
public record AdaptiveLayers(boolean tokens, boolean mlp, List<String> attentionGates, int learners, int mlpLearners) {
    /** Tokens leave before the first layer; those that stay have all of every layer. */
    public static final AdaptiveLayers LEAVING = new AdaptiveLayers(true, false, List.of(), 1, 0);

    /** The projections in the order in which a path names those that a gate decides about: {@code encoder.layer.0.attention.qkvo}. */
    public static final String PROJECTIONS = "qkvo";

    /** Of a module; config.json may name no more. */
    public static final int MOST_LEARNERS = 64;

    private static final String MLP = "mlp";

    private static final String TOKENS = "tokens";

    public AdaptiveLayers {
        attentionGates = List.copyOf(attentionGates);
        if (tokens && (learners != 1 || mlp || !attentionGates.isEmpty())) {
            throw new IllegalArgumentException(TOKENS
                    + " stands alone: of a token that stays nothing is left out, so there is nothing else to adapt");
        }
        // Without MLPs it means nothing, and must not make two of these differ.
        mlpLearners = mlp ? mlpLearners : learners - 1;
        if (!tokens) {
            check(mlp, attentionGates, learners, mlpLearners);
        }
    }

    private static void check(boolean mlp, List<String> attentionGates, int learners, int mlpLearners) {
        if (!mlp && attentionGates.isEmpty()) {
            throw new IllegalArgumentException("nothing is to become adaptive: name mlp or projections of attention");
        }
        if (learners < 2 || learners > MOST_LEARNERS) {
            throw new IllegalArgumentException(learners + " learners: there must be 2 to " + MOST_LEARNERS
                    + ", the last of which stands for the dense block");
        }
        if (mlpLearners < 1 || mlpLearners >= learners) {
            throw new IllegalArgumentException(
                    mlpLearners + " learners of an MLP with weights of their own: must be 1 to " + (learners - 1));
        }
        var seen = new HashSet<Integer>();
        for (String gate : attentionGates) {
            String ordered = PROJECTIONS
                    .chars()
                    .filter(letter -> gate.indexOf(letter) >= 0)
                    .mapToObj(Character::toString)
                    .collect(Collectors.joining());
            if (gate.isEmpty() || !gate.equals(ordered) || !gate.chars().allMatch(seen::add)) {
                throw new IllegalArgumentException(
                        "adaptive layers: " + gate
                                + " is not mlp, nor different letters of qkvo in this order, each named once in all; or tokens, alone");
            }
        }
    }

    /** Only the MLPs, with weights for every number of learners. */
    public static AdaptiveLayers mlps(int learners) {
        return new AdaptiveLayers(false, true, List.of(), learners, learners - 1);
    }

    /**
     * From a list such as {@code mlp,qk,vo}: {@code mlp}, and letters for the projections that share a gate, with weights for every number of
     * learners; or {@code tokens}.
     *
     * @throws IllegalArgumentException if a name is unknown or twice there
     */
    public static AdaptiveLayers parse(String names, int learners) {
        if (names.equals(TOKENS)) {
            return LEAVING;
        }
        var gates = new ArrayList<>(Arrays.asList(names.split(",", -1)));
        return new AdaptiveLayers(false, gates.remove(MLP), gates, learners, learners - 1);
    }

    /** The same, but of an MLP's learners only the first few have weights of their own. */
    public AdaptiveLayers withMlpLearners(int count) {
        return tokens ? this : new AdaptiveLayers(false, mlp, attentionGates, learners, count);
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
        if (tokens) {
            return TOKENS + " leave";
        }
        var names = new ArrayList<String>();
        if (mlp) {
            names.add(MLP);
        }
        names.addAll(attentionGates);
        String trained = mlp && mlpLearners < learners - 1 ? " (MLPs: up to " + mlpLearners + ", or all)" : "";
        return String.join(",", names) + " of " + learners + " learners" + trained;
    }
}
