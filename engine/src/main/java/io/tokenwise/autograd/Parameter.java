package io.tokenwise.autograd;

import io.tokenwise.backend.Backend;
import io.tokenwise.tensor.HostTensor;
import io.tokenwise.tensor.Tensor;

/**
 * A named tensor of a model that training may change. The name is the one it has in model files.
 *
 * <p>Reading is thread-safe as long as nobody trains the model.
 */
public final class Parameter {
    private final Backend backend;
    private final String name;
    private final Part part;
    private final Kind kind;
    private final Tensor value;
    private Tensor gradient;
    private int version;

    /** Where in the model it is. */
    public enum Part {
        /** What makes the first layer's rows of inputs, and what all layers have of distances. */
        EMBEDDINGS,
        LAYER,
        /** The narrow form of a layer, which belongs to the short path. */
        NARROW,
        /** What decides which tokens leave. */
        GATE,
        /** What makes results of the last layer's rows. */
        HEAD
    }

    /** What is done with it. */
    public enum Kind {
        /** Rows are looked up. */
        TABLE,
        /** Rows of others are multiplied by it. */
        WEIGHT,
        /** Added to a product. */
        BIAS,
        /** Of a norm. */
        GAIN,
        /** Of a norm. */
        SHIFT
    }

    Parameter(Backend backend, String name, Part part, Kind kind, Tensor value) {
        this.backend = backend;
        this.name = name;
        this.part = part;
        this.kind = kind;
        this.value = value;
    }

    public String name() {
        return name;
    }

    public Part part() {
        return part;
    }

    public Kind kind() {
        return kind;
    }

    public Tensor value() {
        return value;
    }

    /** The value's numbers to read; to be closed. */
    public HostTensor read() {
        return backend.read(value);
    }

    /** The value's numbers to read and to write, which are in the value once they are closed; {@link #changed} is to be called then. */
    public HostTensor write() {
        return backend.write(value);
    }

    /** Whether gradients are computed for it; so after {@link Parameters#train}. */
    public boolean trainable() {
        return gradient != null;
    }

    /** The gradient that backward passes add to, of the value's shape; null if not trainable. */
    public Tensor gradient() {
        return gradient;
    }

    void gradient(Tensor newGradient) {
        gradient = newGradient;
    }

    /** Changes whenever the value does, so that packed forms know that they are out of date. */
    public int version() {
        return version;
    }

    /** To be called after the value was written. */
    public void changed() {
        version++;
    }

    @Override
    public String toString() {
        return name + " " + value.shape();
    }
}
