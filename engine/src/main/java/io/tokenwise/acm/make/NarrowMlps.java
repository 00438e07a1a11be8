package io.tokenwise.acm.make;

import io.tokenwise.nn.BlockSlot;
import io.tokenwise.nn.Mlp;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes MLPs of fewer hidden units of dense ones. */
public final class NarrowMlps {
    private NarrowMlps() {}

    /**
     * Starts narrow MLPs: puts the hidden units of the dense ones into the order of their importance, and gives the narrow ones the first of them, with the mean of what they lack in
     * their bias.
     *
     * @param slots of the dense layers
     * @param narrow of the narrow ones, in the same order
     * @param forwards runs the dense layers on sample inputs
     */
    public static void start(List<BlockSlot> slots, List<BlockSlot> narrow, Runnable forwards) {
        Map<BlockSlot, MeasuredMlp> measured = new LinkedHashMap<>();
        Map<MeasuredMlp, Mlp> targets = new LinkedHashMap<>();
        for (int i = 0; i < slots.size(); i++) {
            if (slots.get(i).block() instanceof Mlp mlp && narrow.get(i).block() instanceof Mlp target) {
                var block = new MeasuredMlp(mlp);
                measured.put(slots.get(i), block);
                targets.put(block, target);
            }
        }
        Measured.run(measured, forwards);
        targets.forEach(MeasuredMlp::start);
    }
}
