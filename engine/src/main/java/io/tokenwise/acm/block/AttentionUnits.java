package io.tokenwise.acm.block;

import io.tokenwise.kernels.SequenceOps;
import io.tokenwise.nn.ProjectedAttention;
import java.util.Arrays;
import java.util.List;

/**
 * How attention is cut: the columns of Q and K, and those of V and of O's input, into units of a few columns of one head, each of which belongs to a learner; and which of the
 * projections each gate decides about. Where heads share keys and values, a unit of V has units of O's input in each of its heads.
 */
public final class AttentionUnits {
    /** Columns of a unit where a kernel reads them where they lie. */
    private static final int LAID_OUT_WIDTH = SequenceOps.UNIT;

    /** Columns of a unit elsewhere: two pairs of a rotary head. */
    private static final int GATHERED_WIDTH = 4;

    private final int hidden;
    private final int queryColumns;
    private final int keyColumns;
    private final int headUnits;
    private final int sharing;
    private final int width;
    private final int learners;
    private final int[] queryKey;
    private final int[] valueOutput;
    private final List<String> gates;

    /**
     * @param path in messages
     * @param layers has the gates and the number of learners
     * @param queryKey the learner of each unit of Q and K, head by head; of none, where they are not cut
     * @param valueOutput the same for V and O, by heads of V
     */
    AttentionUnits(String path, ProjectedAttention dense, AdaptiveLayers layers, int[] queryKey, int[] valueOutput) {
        hidden = dense.qkv().weight().inputs();
        queryColumns = dense.queryColumns();
        keyColumns = dense.keyColumns();
        sharing = dense.heads() / dense.keyHeads();
        width = width(dense);
        headUnits = queryColumns / dense.heads() / width;
        learners = layers.learners();
        gates = layers.attentionGates();
        this.queryKey = queryKey.clone();
        this.valueOutput = valueOutput.clone();
        int each = ofLearner(path, dense, layers);
        if (dense.cutsQueries()) {
            check(path, "q and k", queryKey, each);
        } else if (queryKey.length > 0) {
            throw new IllegalArgumentException(
                    path + ": the units of q and k are " + queryKey.length + ", must be none: they are not cut");
        }
        check(path, "v and o", valueOutput, each);
    }

    /** Columns of a unit of what would be made of that attention; divides the width of a head. */
    public static int width(ProjectedAttention dense) {
        return dense.readsColumnsAnywhere() ? LAID_OUT_WIDTH : GATHERED_WIDTH;
    }

    /**
     * How many units of V, and of Q and K if they are cut, each learner has: as many as every other.
     *
     * @throws IllegalArgumentException if attention cannot be cut so
     */
    public static int ofLearner(String path, ProjectedAttention dense, AdaptiveLayers layers) {
        int width = width(dense);
        int headSize = dense.queryColumns() / dense.heads();
        int learners = layers.learners();
        boolean ofQueries = layers.attentionGates().stream().anyMatch(gate -> gate.matches(".*[qk].*"));
        if (ofQueries && !dense.cutsQueries()) {
            throw new IllegalArgumentException(
                    path + ": queries and keys have positions, norms or heads that cannot be cut"
                            + " into learners: make mlp,vo adaptive");
        }
        if (headSize % width != 0 || dense.cutsQueries() && dense.rotated() % width != 0) {
            throw new IllegalArgumentException(path + ": heads of " + headSize + " columns, "
                    + dense.rotated() + " of them with rotary positions, cannot be cut into units of " + width
                    + ", so attention must stay dense: make only mlp adaptive");
        }
        int units = dense.keyColumns() / width;
        if (learners < 1 || units % learners != 0) {
            throw new IllegalArgumentException(path + ": " + units + " units of " + width
                    + " columns cannot be cut into " + learners
                    + " learners of equal width: choose a divisor, or make only mlp adaptive");
        }
        return units / learners;
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
        if (units.length != keyColumns / width || Arrays.stream(counts).anyMatch(count -> count != each)) {
            throw new IllegalArgumentException(path + ": the units of " + what + " are " + units.length + " with "
                    + Arrays.toString(counts) + " for the learners, must be " + keyColumns / width + " with " + each
                    + " for each");
        }
    }

    /** Columns of a unit. */
    public int width() {
        return width;
    }

    /** The learner of each unit of Q and K, head by head; empty where they are not cut. */
    public int[] queryKey() {
        return queryKey.clone();
    }

    /** The learner of each unit of V, head by head. */
    public int[] valueOutput() {
        return valueOutput.clone();
    }

    /** The learner of each unit of O's input, head by head: those of the heads of V. */
    public int[] ofContext() {
        var units = new int[queryColumns / width];
        Arrays.setAll(units, unit -> valueOutput[unitOfValue(unit)]);
        return units;
    }

    /** The unit of V that a unit of O's input has. */
    private int unitOfValue(int unit) {
        return unit / headUnits / sharing * headUnits + unit % headUnits;
    }

    /** Of something that units of K or V have, head by head, the same for each head of queries. */
    int[] byHead(int[] ofKeyUnits) {
        var units = new int[queryColumns / width];
        Arrays.setAll(units, unit -> ofKeyUnits[unitOfValue(unit)]);
        return units;
    }

    /** Columns of the block's input and output. */
    int hidden() {
        return hidden;
    }

    /** Columns of Q, and of O's input. */
    int queryColumns() {
        return queryColumns;
    }

    /** Columns of Q, K and V side by side. */
    int inputColumns() {
        return queryColumns + 2 * keyColumns;
    }

    /** The first unit of one of Q, K and V (0, 1, 2), which lie side by side; of 3: behind the last one. */
    int firstOf(int projection) {
        return projection == 0 ? 0 : (queryColumns + (projection - 1) * keyColumns) / width;
    }

    /** Multiply-adds a token of a projection, by its letter. */
    long flops(char projection) {
        return (long) hidden * (projection == 'q' || projection == 'o' ? queryColumns : keyColumns);
    }

    int learners() {
        return learners;
    }

    /** How many gates there are. */
    int gates() {
        return gates.size();
    }

    /** Multiply-adds a token of the projections that no gate decides about. */
    long undecidedFlops() {
        return AdaptiveLayers.PROJECTIONS
                .chars()
                .filter(letter -> gates.stream().noneMatch(gate -> gate.indexOf(letter) >= 0))
                .mapToLong(letter -> flops((char) letter))
                .sum();
    }

    /** Whether a gate decides about any of Q, K and V. */
    boolean hasInputs(int gate) {
        return !gates.get(gate).equals("o");
    }

    /** For each unit of Q, K and V, side by side, its learner; -1 for those that the gate does not decide about. */
    int[] ofInputs(int gate) {
        var all = new int[firstOf(3)];
        Arrays.fill(all, -1);
        for (int i = 0; i < 3; i++) {
            if (gates.get(gate).indexOf(AdaptiveLayers.PROJECTIONS.charAt(i)) >= 0) {
                int[] units = i < 2 ? queryKey : valueOutput;
                System.arraycopy(units, 0, all, firstOf(i), units.length);
            }
        }
        return all;
    }

    /** The same of all gates: -1 for units that none decides about. */
    int[] ofInputs() {
        var all = new int[firstOf(3)];
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
