package io.tokenwise.autograd;

import io.tokenwise.backend.Stream;
import io.tokenwise.tensor.Tensor;
import io.tokenwise.tensor.Workspace;
import java.util.IdentityHashMap;
import java.util.Map;

/** The gradients of one backward pass: of tensors, which lie in the pass's workspace, and where those of parameters are added up. */
public final class Gradients {
    private final Stream stream;
    private final Workspace workspace;
    private final Map<Tensor, Tensor> byTensor = new IdentityHashMap<>();

    /** Null if parameters' gradients are added to their own. */
    private final GradientSums sums;

    /** The gradients of parameters are added to {@link Parameter#gradient}. */
    public Gradients(Stream stream, Workspace workspace) {
        this(stream, workspace, null);
    }

    /** The gradients of parameters are added to sums of their own, as beside another backward pass. */
    public Gradients(Stream stream, Workspace workspace, GradientSums sums) {
        this.stream = stream;
        this.workspace = workspace;
        this.sums = sums;
    }

    /** What is added to for a parameter; null if it is not trainable. */
    Tensor of(Parameter parameter) {
        return sums == null ? parameter.gradient() : sums.of(parameter);
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
