package io.tokenwise.acm.block;

import io.tokenwise.acm.choose.Acm;
import io.tokenwise.acm.choose.Routings;
import io.tokenwise.backend.Routing;
import io.tokenwise.nn.Pass;
import java.util.Arrays;

/**
 * The columns of projections that share a decision, in the order of learners: each learner's units of all of them side by side, so that a token's columns are those of its
 * learners, first to last.
 *
 * @param order the weight's column of each column here
 * @param starts where each unit of the weight begins here; -1 for those of other projections
 * @param decision number of the module that decides; -1 if none does, then there is one learner
 * @param acm that module, or null
 */
record LearnerColumns(int[] order, int[] starts, int learners, int decision, Acm acm) {
    /**
     * @param width columns of a unit
     * @param learnerOfUnit for each unit of the weight its learner, or -1 if it is not of these projections
     */
    static LearnerColumns of(int width, int[] learnerOfUnit, int learners, int decision, Acm acm) {
        var order = new int[learnerOfUnit.length * width];
        var starts = new int[learnerOfUnit.length];
        int count = 0;
        Arrays.fill(starts, -1);
        for (int learner = 0; learner < learners; learner++) {
            for (int unit = 0; unit < learnerOfUnit.length; unit++) {
                if (learnerOfUnit[unit] == learner) {
                    starts[unit] = count;
                    for (int i = 0; i < width; i++) {
                        order[count++] = unit * width + i;
                    }
                }
            }
        }
        return new LearnerColumns(Arrays.copyOf(order, count), starts, learners, decision, acm);
    }

    /** Whether a module decides about them. */
    boolean isDecided() {
        return decision >= 0;
    }

    /** Columns of each of the module's slices. */
    int perSlice() {
        return acm.learnersPerSlice() * (order.length / learners);
    }

    /** The order of those in slices. */
    int[] sliced() {
        return Arrays.copyOf(order, acm.slices() * perSlice());
    }

    /** What the module has decided about the tokens of the block that runs now. */
    Routing routing(Pass pass) {
        return Routings.of(pass, decision);
    }
}
