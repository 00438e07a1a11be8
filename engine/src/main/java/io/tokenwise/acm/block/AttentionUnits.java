package io.tokenwise.acm.block;

import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.nn.ProjectedAttention;
import java.util.Arrays;
import java.util.List;

/**
 * How attention is cut: the columns of Q and K, and those of V and of O's input, into units of a few columns of one head, each of which belongs to a learner; and which of the
 * projections each gate decides about.
 */
public final class AttentionUnits {
    /** Columns of a unit where a kernel reads them where they lie. */
    private static final int LAID_OUT_WIDTH = SequenceOps.UNIT;

    /** Columns of a unit elsewhere: two pairs of a rotary head. */
    private static final int GATHERED_WIDTH = 4;

    private final int hidden;
    private final int width;
    private final int learners;
    private final int[] queryKey;
    private final int[] valueOutput;
    private final List<String> gates;

    /**
     * @param path in messages
     * @param layers has the gates and the number of learners
     * @param queryKey the learner of each unit of Q and K, head by head
     * @param valueOutput the same for V and O
     */
    AttentionUnits(String path, ProjectedAttention dense, AdaptiveLayers layers, int[] queryKey, int[] valueOutput) {
        hidden = dense.output().weight().inputs();
        width = width(dense);
        learners = layers.learners();
        gates = layers.attentionGates();
        this.queryKey = queryKey.clone();
        this.valueOutput = valueOutput.clone();
        int each = ofLearner(path, dense, learners);
        check(path, "q and k", queryKey, each);
        check(path, "v and o", valueOutput, each);
    }

    /** Columns of a unit of what would be made of that attention; divides the width of a head. */
    public static int width(ProjectedAttention dense) {
        return dense.readsColumnsAnywhere() ? LAID_OUT_WIDTH : GATHERED_WIDTH;
    }

    /** How many units each learner has: as many as every other. */
    public static int ofLearner(String path, ProjectedAttention dense, int learners) {
        int hidden = dense.output().weight().inputs();
        int width = width(dense);
        if (hidden / dense.heads() % width != 0 || dense.rotated() % width != 0) {
            throw new IllegalArgumentException(path + ": heads of " + hidden / dense.heads() + " columns, "
                    + dense.rotated() + " of them with rotary positions, cannot be cut into units of " + width
                    + ", so attention must stay dense: make only mlp adaptive");
        }
        if (learners < 1 || hidden / width % learners != 0) {
            throw new IllegalArgumentException(path + ": " + hidden / width + " units of " + width
                    + " columns cannot be cut into " + learners
                    + " learners of equal width: choose a divisor, or make only mlp adaptive");
        }
        return hidden / width / learners;
    }

    private void check(String path, String what, int[] units, int each) {
        var counts = new int[learners];
        for (int learner : units) {
            if (learner < 0 || learner >= learners) {
                throw new IllegalArgumentException(
                        path + ": a unit of " + what + " belongs to learner " + learner + " of " + learners);
            }
            counts[learner]++;
        }
        if (units.length != hidden / width || Arrays.stream(counts).anyMatch(count -> count != each)) {
            throw new IllegalArgumentException(path + ": the units of " + what + " are " + units.length + " with "
                    + Arrays.toString(counts) + " for the learners, must be " + hidden / width + " with " + each
                    + " for each");
        }
    }

    /** Columns of a unit. */
    public int width() {
        return width;
    }

    /** The learner of each unit of Q and K, head by head. */
    public int[] queryKey() {
        return queryKey.clone();
    }

    /** The learner of each unit of V and O, head by head. */
    public int[] valueOutput() {
        return valueOutput.clone();
    }

    int hidden() {
        return hidden;
    }

    int learners() {
        return learners;
    }

    /** How many gates there are. */
    int gates() {
        return gates.size();
    }

    /** How many of the four projections no gate decides about. */
    int undecided() {
        return AdaptiveLayers.PROJECTIONS.length()
                - gates.stream().mapToInt(String::length).sum();
    }

    /** Whether a gate decides about any of Q, K and V. */
    boolean hasInputs(int gate) {
        return !gates.get(gate).equals("o");
    }

    /** For each unit of Q, K and V, side by side, its learner; -1 for those that the gate does not decide about. */
    int[] ofInputs(int gate) {
        int units = hidden / width;
        var all = new int[3 * units];
        Arrays.fill(all, -1);
        for (int i = 0; i < 3; i++) {
            if (gates.get(gate).indexOf(AdaptiveLayers.PROJECTIONS.charAt(i)) >= 0) {
                System.arraycopy(i < 2 ? queryKey : valueOutput, 0, all, i * units, units);
            }
        }
        return all;
    }

    /** The same of all gates: -1 for units that none decides about. */
    int[] ofInputs() {
        var all = new int[3 * hidden / width];
        Arrays.fill(all, -1);
        for (int gate = 0; gate < gates.size(); gate++) {
            int[] decided = ofInputs(gate);
            for (int u = 0; u < all.length; u++) {
                all[u] = Math.max(all[u], decided[u]);
            }
        }
        return all;
    }

    /** Which gate decides about O; -1 if none. */
    int outputGate() {
        for (int gate = 0; gate < gates.size(); gate++) {
            if (gates.get(gate).indexOf('o') >= 0) {
                return gate;
            }
        }
        return -1;
    }
}
