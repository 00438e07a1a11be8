package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.IdentityHashMap;
import java.util.Map;

/** The gradients of one backward pass, by tensor. They lie in the pass's workspace. */
public final class Gradients {
    private final Stream stream;
    private final Workspace workspace;
    private final Map<Tensor, Tensor> byTensor = new IdentityHashMap<>();

    public Gradients(Stream stream, Workspace workspace) {
        this.stream = stream;
        this.workspace = workspace;
    }

    /** The gradient of a tensor, or null if none has reached it. */
    public Tensor of(Tensor tensor) {
        return byTensor.get(tensor);
    }

    /** Adds a gradient; its memory becomes this object's, which may go on adding to it. */
    public void add(Tensor tensor, Tensor gradient) {
        Tensor known = byTensor.putIfAbsent(tensor, gradient);
        if (known != null) {
            stream.add(known, gradient, known);
        }
    }

    /** Adds a gradient that is also another tensor's: copied if it is the first to reach this one. */
    void addShared(Tensor tensor, Tensor gradient) {
        Tensor known = byTensor.get(tensor);
        if (known == null) {
            known = workspace.tensor(gradient.rows(), gradient.columns());
            stream.copy(gradient, known);
            byTensor.put(tensor, known);
        } else {
            stream.add(known, gradient, known);
        }
    }
}
