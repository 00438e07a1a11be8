package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * The operations of one forward pass that lead from trainable parameters to its results; {@link #backward} walks them in reverse.
 *
 * <p>An operation none of whose inputs depends on a trainable parameter is not recorded, so frozen parts cost nothing. Used by
 * one pass; not thread-safe.
 */
public final class Tape {
    private final List<Op> ops = new ArrayList<>();
    private final Set<Tensor> tracked = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Records the operation if one of its inputs matters to training. */
    public void record(Op op) {
        if (op.matters(this)) {
            ops.add(op);
            tracked.add(op.y());
        }
    }

    /** Makes gradients flow to a tensor that no parameter leads to, as tests of gradients want. */
    public void watch(Tensor tensor) {
        tracked.add(tensor);
    }

    public boolean tracks(Tensor tensor) {
        return tracked.contains(tensor);
    }

    /**
     * Walks the operations in reverse. Gradients of tensors are taken from and added to {@code gradients}, which the caller has
     * seeded with those of its losses; gradients of parameters are added where it says.
     */
    public void backward(Gradients gradients, Stream stream, Workspace workspace) {
        var to = new Backward(this, gradients, stream, workspace);
        for (int i = ops.size() - 1; i >= 0; i--) {
            Tensor dy = gradients.of(ops.get(i).y());
            if (dy != null) {
                ops.get(i).backward(to, dy);
            }
        }
    }

    /** Whether a parameter, which may be null, is trained. */
    public boolean trains(Parameter parameter) {
        return parameter != null && parameter.trainable();
    }
}
