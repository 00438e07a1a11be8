package io.tokenwise.acm.choose;

import io.tokenwise.nn.Pass;
import java.util.ArrayList;
import java.util.List;

/** What a module's gate is told of the budgets of a batch's texts: working memory of a pass, one array for each time that it is asked. */
final class GateOffsets {
    private final List<float[]> offsets = new ArrayList<>();
    private int used;

    /** That of the module that is routed now. */
    static GateOffsets begin(Pass pass) {
        GateOffsets memory = pass.memory(GateOffsets.class, GateOffsets::new);
        memory.used = 0;
        return memory;
    }

    /** An array of at least so many values, valid until the next module begins. */
    float[] next(int length) {
        if (used == offsets.size()) {
            offsets.add(new float[length]);
        } else if (offsets.get(used).length < length) {
            offsets.set(used, new float[length]);
        }
        return offsets.get(used++);
    }
}
